using TorchSharp;

// The first statement is the program's own call to torch, before any type of LlmCourse.
using torch.Tensor sum = torch.arange(4).sum();
Console.WriteLine($"torch says {sum.ToInt64()}");

// The types below are found without a using of ours: the package brings its namespaces.
NativeLibraries.EnsureLoaded();
Console.WriteLine($"libtorch is {Loaded("libtorch_cpu.so")}");

// A model: made here, saved, loaded again, asked.
string folder = Directory.CreateTempSubdirectory("llmcourse-").FullName, saved = Path.Combine(folder, "saved");
File.WriteAllText(Path.Combine(folder, "config.json"), """
    {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": 5, "hidden_size": 16, "intermediate_size": 32,
     "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64}
    """);
File.WriteAllText(Path.Combine(folder, "tokenizer.json"), """
    {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
     "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": null, "decoder": null,
     "model": {"type": "WordLevel", "unk_token": "?", "vocab": {"?": 0, "a": 1, "b": 2, "c": 3, "d": 4}}}
    """);
using (Llm made = Llm.FromConfig(folder, seed: 1))
    made.Save(saved);
using (Llm llm = Llm.Load(saved))
    Console.WriteLine($"generated {llm.Generate("a b c", new() { MaxNewTokens = 3 }).Tokens.Count} tokens");
Directory.Delete(folder, recursive: true);

static string Loaded(string file) => File.Exists("/proc/self/maps")
    ? File.ReadLines("/proc/self/maps").Select(line => line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries)[^1]).First(path => path.EndsWith(file, StringComparison.Ordinal))
    : file;
