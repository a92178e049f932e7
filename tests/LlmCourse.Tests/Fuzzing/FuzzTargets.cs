using System.Text;
using LlmCourse.Checkpoints;
using LlmCourse.Data;
using LlmCourse.Tests.Checkpoints;
using LlmCourse.Tests.Data;
using LlmCourse.Tests.Tokenization;
using LlmCourse.Tests.Transformers.Families;
using LlmCourse.Tokenization;
using LlmCourse.Tokenization.Chat;
using LlmCourse.Transformers;
using LlmCourse.Transformers.Families;
using Parquet;
using Parquet.Serialization;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Fuzzing;

/// <summary>Everything that reads files of unknown origin. A new kind of file is one more line here.</summary>
internal static class FuzzTargets
{
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("safetensors", Safetensors, (folder, content) => ReadAll(SafetensorsFile.Open(Put(folder, "x.safetensors", content)))),
        new("safetensors-header", Headers, (folder, content) => ReadAll(SafetensorsFile.Open(Put(folder, "x.safetensors", SafetensorsBytes.File(content, new byte[34]))))),
        new("gguf", Gguf, (folder, content) => ReadAll(GgufFile.Open(Put(folder, "x.gguf", content)))),
        new("pickle", Pickles, (folder, content) => ReadPickle(Put(folder, "x.bin", content))),
        new("pickle-program", Programs, (folder, content) => ReadPickle(Put(folder, "x.bin", PickleBytes.Archive(content, new byte[24], new byte[8])))),
        new("index", Index, ReadIndex),
        new("config", Configurations, ReadConfiguration),
        new("tokenizer", Tokenizers, ReadTokenizer),
        new("chat-template", ChatTemplates, ReadChatTemplate),
        new("sentencepiece", () => [SentencePieceBytes.Unigram(), SentencePieceBytes.Bpe()], ReadSentencePiece),
        new("gguf-model", GgufModels, ReadGgufModel),
        new("jsonl", JsonLines, (folder, content) => ReadRows(Examples.FromJsonLines(Put(folder, "x.jsonl", content)))),
        new("json", () => ["""[{"a":1,"b":"x"},{"a":[{"c":null},2.5e3],"b":"\u00e9"}]"""u8.ToArray(), """{"v":[1],"data":[{"a":true}],"w":{}}"""u8.ToArray()], (folder, content) => ReadRows(Examples.FromJson(Put(folder, "x.json", content)))),
        new("csv", () => ["a,b\n1,\"x\ny\"\n2,\n"u8.ToArray(), "a,\"b\"\"\"\r\n\"\",7\r\n"u8.ToArray()], (folder, content) => ReadRows(Examples.FromCsv(Put(folder, "x.csv", content)))),
        new("parquet", ParquetFiles, (folder, content) => ReadRows(Examples.FromParquet(Put(folder, "x.parquet", content)))),
        new("templates", ExampleTemplates, (folder, content) => Templates.FromJson(Put(folder, "x.json", content))),
    ];

    private static string Put(string folder, string name, byte[] content)
    {
        string path = Path.Combine(folder, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    private static void ReadAll(IWeightSource source)
    {
        using (source)
        {
            foreach (IGrouping<string, WeightInfo> file in source.Weights.Values.GroupBy(weight => weight.File))
            {
                if (file.Sum(weight => weight.Bytes) > new FileInfo(file.Key).Length)
                    throw new InvalidOperationException("more data are promised than the file has");
            }

            foreach (WeightInfo weight in source.Weights.Values)
            {
                if (source is not GgufFile gguf || gguf.CanRead(weight.Name))
                    source.Read(weight.Name, ScalarType.Float32).Dispose();
            }
        }
    }

    private static byte[][] Pickles() => [PickleBytes.Of(Tensors()), PickleBytes.Old(Tensors())];

    /// <summary>The pickle alone, so that the archive around it stays right.</summary>
    private static byte[][] Programs()
    {
        using System.IO.Compression.ZipArchive archive = new(new MemoryStream(PickleBytes.Of(Tensors())));
        using MemoryStream program = new();
        using (Stream entry = archive.GetEntry("x/data.pkl")!.Open())
            entry.CopyTo(program);
        return [program.ToArray()];
    }

    private static (string, string, int[], int[], int, byte[], int)[] Tensors() =>
        [("a.weight", "FloatStorage", [2, 3], [3, 1], 0, new byte[24], 6), ("b", "HalfStorage", [2], [1], 1, new byte[8], 4)];

    // Several tensors may share a storage: what each of them needs is bounded by the file, not their sum.
    private static void ReadPickle(string path)
    {
        using IWeightSource file = PickleFile.Open(path);
        foreach (WeightInfo weight in file.Weights.Values)
        {
            if (weight.Bytes > new FileInfo(path).Length)
                throw new InvalidOperationException("more data are promised than the file has");
            file.Read(weight.Name, ScalarType.Float32).Dispose();
        }
    }

    private static void ReadSentencePiece(string folder, byte[] content)
    {
        Put(folder, "tokenizer.model", content);
        Put(folder, "tokenizer_config.json", """{"tokenizer_class":"LlamaTokenizer","add_bos_token":false}"""u8.ToArray());
        PretrainedTokenizer tokenizer = PretrainedTokenizer.Load(folder);
        tokenizer.Decode(tokenizer.EncodeIds("Hello  ab ünaffable é 中 <s> "));
    }

    private static byte[][] GgufModels() =>
    [
        .. new[] { "llama", "gpt2", "gemma3", "phi3" }.Select(architecture => GgufModelBytes.Tiny(architecture)
            .Value("tokenizer.ggml.model", 8, writer => GgufBytes.Text(writer, "bert")).Build()),
    ];

    // The metadata become a configuration and a tokenizer, whatever they say.
    private static void ReadGgufModel(string folder, byte[] content)
    {
        using GgufModel model = GgufModel.Open(Put(folder, "x.gguf", content));
        foreach (WeightInfo weight in model.Weights.Values.Where(weight => weight.Shape.All(size => size > 0)))
            model.Read(weight.Name, ScalarType.Float32).Dispose();
    }

    private static byte[][] JsonLines() =>
    [
        """
        {"text":"a\n\u00e9","n":1,"list":[1,{"x":null}],"yes":true}
        {"text":"","n":-2.5e10,"list":[],"yes":false}
        """u8.ToArray(),
        Encoding.UTF8.GetBytes("\uFEFF{\"a\":\"ü 中 \U0001F600\"}\r\n\r\n{\"a\":{}}"),
    ];

    private static byte[][] ParquetFiles() =>
    [
        ArrowFiles.MixedPages,
        .. new[] { CompressionMethod.None, CompressionMethod.Gzip, CompressionMethod.Zstd, CompressionMethod.Brotli, CompressionMethod.LZ4 }.Select(compression =>
        {
            using MemoryStream file = new();
            ParquetSerializer.SerializeAsync(Enumerable.Range(0, 20).Select(ParquetTests.Row.Number), file, new ParquetOptions { CompressionMethod = compression }).GetAwaiter().GetResult();
            return file.ToArray();
        }),
    ];

    private static byte[][] ExampleTemplates() =>
    [
        """{"templates":[{"name":"a","task":"t","prompt":"{x} {{","completion":"{y}","labels":{"y":{"0":"no"}},"references":["z"]}]}"""u8.ToArray(),
        """{"templates":[{"name":"a","messages":[{"role":"user","content":"{x}"}]},{"name":"b","messagesField":"m"}]}"""u8.ToArray(),
    ];

    private static void ReadRows(Records records)
    {
        foreach (DataRecord record in records)
            _ = record.Source;
    }

    private static byte[][] Safetensors() =>
    [
        .. Headers().Select(header => SafetensorsBytes.File(header, new byte[34])),
        SafetensorsBytes.File("{}"u8),
    ];

    /// <summary>Headers for 34 bytes of data. By themselves they are damaged with the length in front of them staying right.</summary>
    private static byte[][] Headers() =>
    [
        """{"__metadata__":{"format":"pt"},"a.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]},"c":{"dtype":"BOOL","shape":[2],"data_offsets":[32,34]}}"""u8.ToArray(),
        """{"i":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"empty":{"dtype":"F16","shape":[0,7],"data_offsets":[8,8]},"u":{"dtype":"U8","shape":[2,1,13],"data_offsets":[8,34]}}"""u8.ToArray(),
    ];

    private static byte[][] Gguf() =>
    [
        new GgufBytes()
            .Value("general.architecture", 8, writer => GgufBytes.Text(writer, "llama"))
            .Value("general.alignment", 4, writer => writer.Write(32u))
            .Value("flag", 7, writer => writer.Write(true))
            .Value("words", 9, writer =>
            {
                writer.Write(8u);
                writer.Write(3UL);
                foreach (string word in (string[])["a", "", "ü"])
                    GgufBytes.Text(writer, word);
            })
            .Value("lists", 9, writer =>
            {
                writer.Write(9u);
                writer.Write(1UL);
                writer.Write(6u);
                writer.Write(2UL);
                writer.Write(0.5f);
                writer.Write(1f);
            })
            .Tensor("q4", 3, [32, 2], new byte[40])
            .Tensor("q8", 8, [32], new byte[34])
            .Tensor("f", 0, [3, 1, 2], new byte[24])
            .Build(),
        new GgufBytes().Tensor("q2", 10, [256], new byte[84]).Tensor("q3", 11, [256], new byte[110]).Tensor("q5", 13, [256], new byte[176]).Tensor("q6", 14, [256], new byte[210]).Build(),
        new GgufBytes { Version = 2 }.Tensor("k", 12, [256], new byte[144]).Tensor("h", 1, [2, 2], new byte[8]).Build(),
        new GgufBytes().Build(),
    ];

    private static byte[][] Configurations() =>
    [
        .. Configs.Families.Select(family => Encoding.UTF8.GetBytes(Configs.Text(family))),
        Encoding.UTF8.GetBytes(Configs.Text("llama").Replace("}", ""","hidden_act":"\u0073ilu","id\u0032label":{"\u0030":"\ud83d\ude00"}}""", StringComparison.Ordinal)),
        .. new[]
        {
            Configs.With("t5", """{"feed_forward_proj":"gated-gelu","num_decoder_layers":3,"tie_word_embeddings":false,"eos_token_id":[1,2]}"""),
            Configs.With("llama", """{"rope_scaling":{"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":8192},"head_dim":4}"""),
            Configs.With("llama", """{"rope_parameters":{"rope_type":"linear","factor":2.0,"rope_theta":500.0}}"""),
            Configs.With("bert", """{"architectures":["BertForSequenceClassification"],"id2label":{"0":"a","1":"b"},"problem_type":"regression"}"""),
        }.Select(config => Encoding.UTF8.GetBytes(config.GetRawText())),
    ];

    // As far as loading goes before it looks at a file: the names of all weights, and their shapes without memory.
    private static void ReadConfiguration(string folder, byte[] content)
    {
        Put(folder, Pretrained.ConfigFile, content);
        Family family = Family.Of(Pretrained.ReadConfig(folder));
        TransformerConfig config = family.Config(Pretrained.ReadConfig(folder));
        if ((config.Encoder?.Layers ?? 0L) + (config.Decoder?.Layers ?? 0L) > 100)
            return; // more layers than a file has tensors are refused by the loader
        WeightNames names = new(family, config);
        using TransformerModel shapes = new(config, ScalarType.Float32, META);
        foreach ((string name, _) in shapes.NamedParameters)
            names.Of(name);
    }

    private static byte[][] Tokenizers() =>
    [
        .. new[] { TinyTokenizers.ByteLevelJson, TinyTokenizers.WordPieceJson, TinyTokenizers.UnigramJson, TinyTokenizers.LlamaJson }.Select(Encoding.UTF8.GetBytes),
    ];

    private static void ReadTokenizer(string folder, byte[] content)
    {
        Put(folder, "tokenizer.json", content);
        PretrainedTokenizer tokenizer = PretrainedTokenizer.Load(folder);
        EncodedText encoded = tokenizer.Encode("Hello ab ünaffable é<|end|> 中 world", "a b", tokenizer.FileOptions);
        tokenizer.Decode(encoded.Ids);
    }

    // Programs of our own with every kind of statement, and a file that holds one.
    private static byte[][] ChatTemplates() =>
    [
        .. new[]
        {
            """
            {%- if messages[0]['role'] == 'system' -%}{% set system = messages[0].content|trim %}{% else %}{% set system = "You're \"helpful\"." %}{%- endif %}
            {{ bos_token }}<|system|>{{ system ~ '\n' }}
            {%- for message in messages if message.role != 'system' %}
            {{- '<|' + message['role'] + '|>' }}{% if message.content is string %}{{ message.content|trim }}{% else %}{% for part in message.content or [] %}{{ part.text|upper }}{% endfor %}{% endif %}
            {%- if loop.last and add_generation_prompt %}{{ '<|assistant|>' }}{% elif loop.index0 % 2 == 1 %}{{ eos_token }}{% endif %}{{ '\n' if not loop.last }}
            {%- endfor %}
            """,
            """
            {%- macro tool(f, depth=0) -%}{{ ' ' * depth }}{{ f.name }}({{ f.parameters|tojson(indent=2) }}){%- if f.more %}{{ tool(f.more, depth + 1) }}{% endif %}{%- endmacro -%}
            {%- macro box() -%}[{{ caller(3) }}]{%- endmacro -%}
            {%- set ns = namespace(last=-1, found=false) -%}{#- the last question -#}
            {%- for m in messages[::-1] %}{% set i = (messages|length - 1) - loop.index0 %}{% if not ns.found and m.role == "user" %}{% set ns.last = i %}{% set ns.found = true %}{% endif %}{% endfor -%}
            {%- if tools is defined and tools is not none %}{% for t in tools %}{{ tool(t.function, depth=2) }}{{ ', ' if not loop.last else '.' }}{% endfor %}{% endif -%}
            {{ strftime_now("%d %b %Y") }} {{ '%05.2f|%s'|format(2.5, ns.last) }} {{ "{:>4}".format(17) }} {{ messages|map(attribute='role')|join(', ')|replace('user', 'you') }}
            {% generation %}{{ messages[-1].content.split('</think>')[-1].lstrip('\n') }}{% endgeneration %}{% filter upper %}x{% endfilter %}{% call(y) box() %}{{ y }}{% endcall %}
            {{ [1, 2.5e3, -7 // 2, 2 ** 10, true]|sort|list }} {{ {'a': (1, none), 'b': not false}.items()|list }} {{ messages|selectattr('role', 'equalto', 'user')|list|length }} {{ 'abc'[-1:0:-1] }}
            {% if messages|length > 99999 %}{{ raise_exception('too many') }}{% endif %}{% raw %}{{ x }}{% endraw %}
            """,
        }.Select(Encoding.UTF8.GetBytes),
    ];

    private static void ReadChatTemplate(string folder, byte[] content)
    {
        Put(folder, "chat_template.jinja", content);
        ChatTemplate template = ChatTemplate.Parse(ChatTemplateSource.Find(folder) ?? throw new InvalidOperationException("the file was not found"));
        Dictionary<string, object?> tool = new() { ["function"] = new Dictionary<string, object?> { ["name"] = "add", ["parameters"] = new List<object?> { 1, 2.5, "é", null } } };
        template.Render(
            [new("system", "Be brief."), new("user", " Hello "), new("assistant", "<think>\n</think>\n\nHi"), new("user", "中")],
            variables: new Dictionary<string, object?> { ["bos_token"] = "<s>", ["eos_token"] = "</s>", ["tools"] = new List<object?> { tool } });
    }

    private static byte[][] Index() =>
    [
        """{"metadata":{"total_size":8},"weight_map":{"a":"one.safetensors","b":"two.safetensors"}}"""u8.ToArray(),
        """{"weight_map":{}}"""u8.ToArray(),
    ];

    private static void ReadIndex(string folder, byte[] content)
    {
        byte[] data = [1, 2, 3, 4];
        Put(folder, "one.safetensors", SafetensorsBytes.File("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"""u8, data));
        Put(folder, "two.safetensors", SafetensorsBytes.File("""{"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"""u8, data));
        ReadAll(ShardedWeights.Open(Put(folder, WeightFolder.IndexFile, content), SafetensorsFile.Open));
    }
}
