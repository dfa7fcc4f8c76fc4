#!/usr/bin/env python3
"""Trains tiny tokenizers of every family and writes what transformers says.

    python tools/goldens/make_tokenizers.py [OUT]

OUT defaults to tests/golden/data/tokenizers. Each folder there becomes a small
Hugging Face tokenizer (tokenizer.json or the older files, with its
tokenizer_config.json) and vectors.json: texts with their ids, and ids with
their text. Deterministic: the same versions of transformers 4.56, tokenizers
0.22 and sentencepiece 0.2 write the same bytes.
"""
import io
import json
import random
import sys
from pathlib import Path

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models
from tokenizers import normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, LlamaTokenizer, GemmaTokenizer
from transformers.convert_slow_tokenizer import convert_slow_tokenizer

ROOT = Path(__file__).resolve().parents[2]
QWEN_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LLAMA3_SPLIT = QWEN_SPLIT.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
CORPUS = """
The little boat rocked on the sea while the children sang about the morning.
She couldn't believe they'd've gone without saying goodbye, but it's what they did!
In 2016 the company sold 12,345 kettles; by 2019 it had sold 1,000,000 of them.
"Where are you going?" asked the fox. "To the forest," said the hen, "to the forest."
Это маленькая лодка на море, и дети поют о том, что наступило утро.
Das kleine Boot schaukelt auf dem Meer, während die Kinder über den Morgen singen.
Le petit bateau se balance sur la mer ; les élèves chantent déjà l'été.
El niño pequeño comió piñas en la montaña y cantó una canción.
小さな船が海の上で揺れて、子どもたちは朝の歌を歌いました。
小船在海上摇晃，孩子们唱着早晨的歌。我想在苹果工作。
القارب الصغير يتأرجح على البحر والأطفال يغنون عن الصباح.
작은 배가 바다 위에서 흔들리고 아이들은 아침을 노래합니다.
छोटी नाव समुद्र पर डोल रही है और बच्चे सुबह का गीत गा रहे हैं।
def main(args):\n    for i in range(10):\n        print(i, args[i])\n    return 0
The tea was hot, the bread was warm, and the kitchen smelled of rain and thunder.
Robots in space count stars: one, two, three, four, five, six, seven, eight.
""".strip().replace("\\n", "\n").split("\n") * 3

# What random texts are made of; chosen where tokenizers differ.
WORDS = sorted({word for line in CORPUS for word in line.split()})
SPACES = [" ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", " \n ", "\u00a0", "\u3000",
          "\u2003", "\u180e", "\u200b", "\u0085", "\u2028", "\x0b", "\x1c", "      "]
ODD = [" kitchez", " thezz", "<|eos|>", "<start_of_turn>", "\n\n\n\n", "'s", "'S", "'LL", "'Ve", "'\u017f", "\u212a", "\u0301", "e\u0301", "\u1100\u1161",
       "\u00bd", "\u0663\u0664", "\u2167", "12345678", "3.14", "\x00", "\x01\x02", "\x7f", "\ufffd",
       "\u2581", "\u2581\u2581", "\ue000", "\ufb01", "\u0130", "\u00df", "_a_", "...", "!!!", "?!", " .",
       " ,", " n't", " '", "' ", "<0x41>", "<0x", "<s>", "</s>", "<unk>", "<|im_start|>",
       "<|im_end|>", "<|begin_of_text|>", "<bos>", "<eos>", "[STRIP]", "[WORD]", "[NORM]", "\ufeff",
       "😀", "👩\u200d👩\u200d👧", "🏳\ufe0f\u200d🌈", "👍🏽", "🇩🇪", "❤\ufe0f", "𝒳", "𐍈", "\U0010fffd"]


def random_texts(seed, count):
    rng = random.Random(seed)
    texts = ["", " ", "\n", "a", " a", "Hello world", "  two  spaces  ", "ends with space ",
             "don't, won't ' can 't .", "▁under ▁score", "\u00e9 e\u0301"]
    while len(texts) < count:
        parts = []
        for _ in range(rng.randint(1, 12)):
            parts.append(rng.choice(rng.choice([WORDS, WORDS, SPACES, ODD])))
            if rng.random() < 0.5:
                parts.append(" ")
        texts.append("".join(parts))
    return texts


def write_json(path, value):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # A zero byte or a lone line separator in a file confuses tools: escape them.
    for char in ["\u0085", "\u2028", "\u180e", "\u200b", "\ufeff", "\x7f"]:
        text = text.replace(char, f"\\u{ord(char):04x}")
    path.write_text(text + "\n", encoding="utf-8")


def save(folder, files, config):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        if isinstance(content, bytes):
            (folder / name).write_bytes(content)
        elif isinstance(content, str):
            (folder / name).write_text(content, encoding="utf-8")
        else:
            write_json(folder / name, content)
    write_json(folder / "tokenizer_config.json", config)


def write_vectors(folder, seed):
    tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=True)
    rng = random.Random(seed + 1)
    encoded = []
    for text in random_texts(seed, 70):
        ids = tokenizer(text)["input_ids"]
        encoded.append({"text": text, "ids": ids,
                        "bare": tokenizer(text, add_special_tokens=False)["input_ids"]})
    decoded = []
    lists = [item["ids"] for item in encoded[::3]]
    lists += [[rng.randrange(len(tokenizer)) for _ in range(rng.randint(1, 14))] for _ in range(50)]
    for ids in lists:
        decoded.append({"ids": ids, "text": tokenizer.decode(ids),
                        "skipped": tokenizer.decode(ids, skip_special_tokens=True)})
    write_json(folder / "vectors.json",
               {"size": len(tokenizer), "bos": tokenizer.bos_token_id, "eos": tokenizer.eos_token_id,
                "encode": encoded, "decode": decoded})


def train_sentencepiece(prefix, bos, eos, **ids):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS), model_writer=model, model_type="bpe", vocab_size=620,
        byte_fallback=True, character_coverage=0.98, normalization_rule_name="identity",
        remove_extra_whitespaces=False, add_dummy_prefix=prefix, split_digits=True,
        allow_whitespace_only_pieces=True, bos_piece=bos, eos_piece=eos, num_threads=1,
        minloglevel=2, **ids)
    return model.getvalue()


def slow(kind, model, scratch, **options):
    scratch.mkdir(parents=True, exist_ok=True)
    path = scratch / "tokenizer.model"
    path.write_bytes(model)
    return kind(str(path), **options)


def as_json(tokenizer):
    return json.loads(tokenizer.to_str())


def train_byte_level(split, digits=None):
    tokenizer = Tokenizer(models.BPE())
    steps = [pre_tokenizers.Split(Regex(pattern), behavior="isolated") for pattern in split]
    if digits is not None:
        steps.append(pre_tokenizers.Digits(individual_digits=digits))
    steps.append(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=620, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def llama2(out, scratch):
    model = train_sentencepiece(True, "<s>", "</s>")
    files = {"tokenizer.json": as_json(convert_slow_tokenizer(slow(LlamaTokenizer, model, scratch)))}
    config = {"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>", "eos_token": "</s>",
              "unk_token": "<unk>", "add_bos_token": True, "add_eos_token": False, "legacy": True,
              "clean_up_tokenization_spaces": False}
    save(out / "llama2", files, config)
    # The same through tokenizer.model.
    save(out / "llama2_model", {"tokenizer.model": model}, config)


def mistral(out, scratch):
    model = train_sentencepiece(True, "<s>", "</s>")
    tokenizer = convert_slow_tokenizer(slow(LlamaTokenizer, model, scratch, legacy=False))
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    save(out / "mistral", {"tokenizer.json": as_json(tokenizer)},
         {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>",
          "unk_token": "<unk>", "clean_up_tokenization_spaces": False})


def gemma(out, scratch):
    model = train_sentencepiece(False, "<bos>", "<eos>", pad_id=0, eos_id=1, bos_id=2, unk_id=3,
                                pad_piece="<pad>")
    tokenizer = convert_slow_tokenizer(slow(GemmaTokenizer, model, scratch))
    tokenizer.add_tokens([AddedToken("<start_of_turn>", normalized=False),
                          AddedToken("\n\n", normalized=False), AddedToken("\n\n\n", normalized=False)])
    save(out / "gemma", {"tokenizer.json": as_json(tokenizer)},
         {"tokenizer_class": "GemmaTokenizer", "bos_token": "<bos>", "eos_token": "<eos>",
          "unk_token": "<unk>", "pad_token": "<pad>", "clean_up_tokenization_spaces": False})


def llama3(out):
    content = as_json(train_byte_level([LLAMA3_SPLIT]))
    # Words that are entries but that no merge reaches: ignore_merges.
    content["model"]["ignore_merges"] = True
    for word in ["Ġkitchez", "Ġthezz"]:
        content["model"]["vocab"][word] = len(content["model"]["vocab"])
    tokenizer = Tokenizer.from_str(json.dumps(content))
    tokenizer.add_special_tokens(["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"])
    bos = tokenizer.token_to_id("<|begin_of_text|>")
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single="<|begin_of_text|> $A",
                                      special_tokens=[("<|begin_of_text|>", bos)])])
    content = as_json(tokenizer)
    content["model"]["merges"] = [" ".join(pair) for pair in content["model"]["merges"]]
    save(out / "llama3", {"tokenizer.json": content},
         {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|begin_of_text|>",
          "eos_token": "<|end_of_text|>", "clean_up_tokenization_spaces": True})


def qwen2(out):
    tokenizer = train_byte_level([QWEN_SPLIT])
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    tokenizer.add_tokens([AddedToken("[STRIP]", lstrip=True, rstrip=True, normalized=False),
                          AddedToken("[WORD]", single_word=True, normalized=False),
                          AddedToken("[NORM]", normalized=True)])
    config = {"tokenizer_class": "Qwen2Tokenizer", "eos_token": "<|im_end|>", "bos_token": None,
              "pad_token": "<|endoftext|>", "clean_up_tokenization_spaces": False}
    content = as_json(tokenizer)
    save(out / "qwen2", {"tokenizer.json": content}, config)
    merges = "#version: 0.2\n" + "".join(" ".join(pair) + "\n" for pair in content["model"]["merges"])
    config["added_tokens_decoder"] = {
        str(token["id"]): {key: token[key] for key in token if key != "id"}
        for token in content["added_tokens"]}
    save(out / "qwen2_files", {"vocab.json": content["model"]["vocab"], "merges.txt": merges}, config)


def deepseek(out):
    """A chain of patterns before single digits; BOS comes from the class."""
    tokenizer = train_byte_level(
        ["[\r\n]", r"\s?[A-Za-zµÀ-ÖØ-öø-ƺа-яА-Я]+", r"\s?[!-/:-~！-／：-～‘-‟　-。]+", r"\s+$",
         "[一-龥ࠀ-一가-퟿]+"], digits=True)
    tokenizer.add_special_tokens(["<|bos|>", "<|eos|>"])
    save(out / "deepseek", {"tokenizer.json": as_json(tokenizer)},
         {"tokenizer_class": "LlamaTokenizerFast", "bos_token": "<|bos|>", "eos_token": "<|eos|>",
          "unk_token": None, "add_bos_token": True, "clean_up_tokenization_spaces": False})


def main():
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests/golden/data/tokenizers"
    scratch = out / "scratch"
    llama2(out, scratch)
    mistral(out, scratch)
    gemma(out, scratch)
    llama3(out)
    qwen2(out)
    deepseek(out)
    (scratch / "tokenizer.model").unlink()
    scratch.rmdir()
    for seed, folder in enumerate(sorted(path for path in out.iterdir() if path.is_dir())):
        write_vectors(folder, 100 + seed)
        print(folder.name, sum(file.stat().st_size for file in folder.iterdir()), "bytes")


if __name__ == "__main__":
    main()
