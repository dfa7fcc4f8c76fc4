#!/usr/bin/env python3
"""Trains tiny tokenizers of every family and writes what transformers says.

    python tools/goldens/make_tokenizers.py [OUT]

OUT defaults to tests/golden/data/tokenizers. Each folder there becomes a small
Hugging Face tokenizer (tokenizer.json or the older files, with its
tokenizer_config.json) and vectors.json: texts with their ids, and ids with
their text. Deterministic: the same versions of transformers 4.57, tokenizers
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

# The order is the seed of their texts.
FOLDERS = ["deepseek", "gemma", "llama2", "llama2_model", "llama3", "mistral", "qwen2", "qwen2_files",
           "config_wins", "config_silent", "config_around", "oniguruma", "word_piece", "clip_files",
           "t5_model", "llama_new_model", "llama_bare_model", "gemma_model"]

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


def change(tokenizer_json, **parts):
    content = json.loads(json.dumps(tokenizer_json))
    content.update(parts)
    return content


def byte_level(prefix, regex):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": regex}


def split(pattern, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}


def flags(content, special=False, **given):
    token = {"content": content, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": not special, "special": special}
    return {**token, **given}


def configurations(out):
    """What tokenizer_config.json changes in a tokenizer.json beside it."""
    content = as_json(train_byte_level([QWEN_SPLIT]))
    end = len(content["model"]["vocab"])
    content["added_tokens"] = [{"id": end, **flags("<|endoftext|>", True)},
                               {"id": end + 1, **flags("<s>", True)},
                               {"id": end + 2, **flags("[STRIP]")}]
    alone = change(content, pre_tokenizer=byte_level(False, True))
    # The configuration switches the space on; its flags for added tokens win, a token is new,
    # ids that it names are not used.
    save(out / "config_wins", {"tokenizer.json": alone},
         {"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": True, "add_bos_token": True,
          "clean_up_tokenization_spaces": True, "pad_token": "<pad>",
          "added_tokens_decoder": {str(end): flags("<|endoftext|>", True, rstrip=True),
                                   str(end + 2): flags("[STRIP]", lstrip=True, rstrip=True),
                                   "7": flags("[WORD]", single_word=True)}})
    # Nothing said switches the space off; the older files name the special tokens.
    on = change(alone, pre_tokenizer=byte_level(True, True), padding={
        "strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0,
        "pad_type_id": 0, "pad_token": "[PAD]"}, truncation={
        "direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0})
    save(out / "config_silent",
         {"tokenizer.json": on,
          "special_tokens_map.json": {"bos_token": flags("<s>", True, lstrip=True), "eos_token": "<|im_end|>",
                                      "additional_special_tokens": ["the", "[NORM]"]},
          "added_tokens.json": {"<|im_start|>": end + 3}},
         {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<s>", "split_special_tokens": False})
    # BOS and EOS by the class, spaces deep inside a sequence, special tokens that are text.
    save(out / "config_around",
         {"tokenizer.json": change(content, pre_tokenizer={"type": "Sequence", "pretokenizers": [
             {"type": "Digits", "individual_digits": True}, byte_level(False, True)]})},
         {"tokenizer_class": "CohereTokenizer", "bos_token": "<s>", "eos_token": "<|endoftext|>",
          "unk_token": None, "add_eos_token": True, "add_prefix_space": True,
          "split_special_tokens": True, "extra_special_tokens": {"b_token": "[B]", "a_token": "[A]"}})


# Constructs that Oniguruma reads in its own way.
ONIGURUMA_SPLITS = [
    ("[a-z&&[^aeiou]]+", "Isolated", False), (r"(?m:r.)|\h\h", "MergedWithPrevious", False),
    (r"\p{Alpha}+|[[:punct:]]", "Isolated", False), ("(?=[A-Z])", "Isolated", False),
    (r"\R|^\s|\X$", "MergedWithNext", False), (r"(?<=a|ie)[^\p{^L}]+", "Contiguous", True)]


def components(out):
    """Parts of tokenizer.json that the models of today seldom use."""
    content = as_json(train_byte_level([QWEN_SPLIT]))
    content["added_tokens"] = []
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}
    steps = [split(*item) for item in ONIGURUMA_SPLITS] + [byte_level(False, False)]
    save(out / "oniguruma", {"tokenizer.json": change(
        content, pre_tokenizer={"type": "Sequence", "pretokenizers": steps}, decoder=None,
        post_processor={"type": "BertProcessing", "sep": ["b", 3], "cls": ["a", 4]})}, config)
    pieces = {word: number for number, word in enumerate(
        ["[UNK]", "▁", "the", "##s", "##e", "t", "##h", "b", "##o", "##a", "##t", "1", "2", ".", "'", "é"])}
    save(out / "word_piece", {"tokenizer.json": change(
        content, decoder={"type": "WordPiece", "prefix": "##", "cleanup": True},
        normalizer={"type": "Sequence", "normalizers": [
            {"type": "Nmt"}, {"type": "NFKC"}, {"type": "Lowercase"},
            {"type": "Replace", "pattern": {"Regex": "(?<=o)a"}, "content": "A"},
            {"type": "Strip", "strip_left": True, "strip_right": False}]},
        pre_tokenizer={"type": "Sequence", "pretokenizers": [
            {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True},
            {"type": "Whitespace"}, {"type": "Punctuation", "behavior": "MergedWithNext"},
            {"type": "FixedLength", "length": 7}]},
        model={"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
               "max_input_chars_per_word": 6, "vocab": pieces},
        added_tokens=[{"id": 99, **flags("New", normalized=True)}])}, config)


def clip(out):
    """vocab.json and merges.txt of a CLIP: words end in </w>, text becomes lower case."""
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(r"[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"), behavior="removed", invert=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False)])
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=900, show_progress=False, initial_alphabet=alphabet, end_of_word_suffix="</w>"))
    model = as_json(tokenizer)["model"]
    vocab = dict(model["vocab"])
    for char in sorted(alphabet) + ["<|startoftext|>", "<|endoftext|>"]:
        for name in [char, char + "</w>"] if len(char) == 1 else [char]:
            vocab.setdefault(name, len(vocab))
    merges = "#version: 0.2\n" + "".join(" ".join(pair) + "\n" for pair in model["merges"])
    save(out / "clip_files", {"vocab.json": vocab, "merges.txt": merges},
         {"tokenizer_class": "CLIPTokenizer", "pad_token": "!", "model_max_length": 77})


def t5(out, scratch):
    """A unigram model with a character map and user-defined pieces."""
    rules = scratch / "rules.tsv"
    rules.parent.mkdir(parents=True, exist_ok=True)
    rules.write_text("FB01\t66 69\n65 301\tE9\n3000\t20\n200D\t\nA\t20\n")
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS), model_writer=model, model_type="unigram", vocab_size=270,
        character_coverage=0.98, normalization_rule_tsv=str(rules), pad_id=0, eos_id=1, unk_id=2,
        bos_id=-1, user_defined_symbols=["<u1>", "tea"], num_threads=1, minloglevel=2)
    rules.unlink()
    save(out / "t5_model", {"spiece.model": model.getvalue()},
         {"tokenizer_class": "T5Tokenizer", "extra_ids": 3, "legacy": False})


def sentencepiece_models(out):
    model = train_sentencepiece(True, "<s>", "</s>", user_defined_symbols=["<u1>", "sea"])
    added = {"0": flags("<unk>", True), "1": flags("<s>", True, rstrip=True), "2": flags("</s>", True),
             "620": flags("<|im_start|>", True)}
    save(out / "llama_new_model", {"tokenizer.model": model},
         {"tokenizer_class": "LlamaTokenizer", "legacy": False, "add_eos_token": True,
          "added_tokens_decoder": added})
    save(out / "llama_bare_model", {"tokenizer.model": model},
         {"tokenizer_class": "LlamaTokenizer", "add_prefix_space": False, "add_bos_token": None})
    model = train_sentencepiece(False, "<bos>", "<eos>", pad_id=0, eos_id=1, bos_id=2, unk_id=3,
                                pad_piece="<pad>", user_defined_symbols=["<start_of_turn>", "\n\n"])
    save(out / "gemma_model", {"tokenizer.model": model}, {"tokenizer_class": "GemmaTokenizer"})


def main():
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests/golden/data/tokenizers"
    scratch = out / "scratch"
    llama2(out, scratch)
    mistral(out, scratch)
    gemma(out, scratch)
    llama3(out)
    qwen2(out)
    deepseek(out)
    configurations(out)
    components(out)
    clip(out)
    t5(out, scratch)
    sentencepiece_models(out)
    (scratch / "tokenizer.model").unlink()
    scratch.rmdir()
    for seed, name in enumerate(FOLDERS):
        folder = out / name
        write_vectors(folder, 100 + seed)
        print(folder.name, sum(file.stat().st_size for file in folder.iterdir()), "bytes")


if __name__ == "__main__":
    main()
