// Writing a dict as torch.save does: a pickle of protocol 2 and a record a
// tensor, in LibTorch's own zip writer.
#include <c10/util/Exception.h>
#include <caffe2/serialize/inline_container.h>

#include <ostream>

#include "lineas/base/error.h"
#include "lineas/tensor/torch_file.h"

namespace lineas {
namespace {

using caffe2::serialize::PyTorchStreamWriter;

std::string_view storage_class(DType dtype) {
  switch (dtype) {
    case DType::f64:
      return "DoubleStorage";
    case DType::f32:
      return "FloatStorage";
    case DType::f16:
      return "HalfStorage";
    case DType::bf16:
      return "BFloat16Storage";
    case DType::i64:
      return "LongStorage";
    default:
      fail(ErrorKind::unsupported,
           "a tensor of dtype {} is not written to a torch file",
           name_of(dtype));
  }
}

/// The pickle of a dict, and its tensors in the order of their storage keys.
class PickleWriter {
 public:
  std::string write(const TorchDict& dict) {
    out_ = "\x80\x02";
    add(dict);
    out_ += '.';
    return out_;
  }
  const std::vector<Tensor>& tensors() const { return tensors_; }

 private:
  void add(const TorchDict& dict) {
    out_ += "}(";
    for (const auto& [key, item] : dict.items) {
      add(key);
      std::visit([this](const auto& value) { add(value); }, item.value);
    }
    out_ += 'u';
  }
  void add(const std::string& text) {
    out_ += 'X';
    add_number(static_cast<int64_t>(text.size()), 4);
    out_ += text;
  }
  void add(int64_t value) {
    out_ += "\x8a\x08";  // an integer of 8 bytes
    add_number(value, 8);
  }
  void add(const std::vector<Tensor>& list) {
    out_ += "](";
    for (const Tensor& tensor : list) add(tensor);
    out_ += 'e';
  }
  // _rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict()).
  void add(const Tensor& tensor) {
    tensors_.push_back(tensor.detach().to(at::kCPU).contiguous());
    out_ += "ctorch._utils\n_rebuild_tensor_v2\n((";
    add(std::string("storage"));
    out_ += "ctorch\n";
    out_ += storage_class(to_dtype(tensor.scalar_type()));
    out_ += '\n';
    add(std::to_string(tensors_.size() - 1));
    add(std::string("cpu"));
    add(tensor.numel());
    out_ += "tQ";
    add(int64_t{0});
    add(tensors_.back().sizes());
    add(tensors_.back().strides());
    out_ +=
        "\x89"
        "ccollections\nOrderedDict\n)RtR";
  }
  void add(at::IntArrayRef sizes) {
    out_ += '(';
    for (const int64_t size : sizes) add(size);
    out_ += 't';
  }
  void add_number(int64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i)
      out_ += static_cast<char>(value >> (8 * i) & 0xff);
  }

  std::string out_;
  std::vector<Tensor> tensors_;
};

}  // namespace

void write_torch_file(const std::string& path, const TorchDict& dict) {
  PickleWriter pickle;
  const std::string data = pickle.write(dict);
  write_file(path, [&](std::ostream& out) {
    PyTorchStreamWriter zip([&out](const void* bytes, size_t size) {
      out.write(static_cast<const char*>(bytes),
                static_cast<std::streamsize>(size));
      return size;
    });
    const auto add = [&zip](const std::string& name, std::string_view bytes) {
      zip.writeRecord(name, bytes.data(), bytes.size());
    };
    add("data.pkl", data);
    add("byteorder", "little");
    for (size_t i = 0; i < pickle.tensors().size(); ++i)
      add("data/" + std::to_string(i), bytes_of(pickle.tensors()[i]));
    zip.writeEndOfFile();
  });
}

}  // namespace lineas
