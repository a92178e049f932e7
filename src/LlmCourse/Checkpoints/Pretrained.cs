using System.Text.Json;
using System.Text.Json.Nodes;
using LlmCourse.Runtime;
using LlmCourse.Transformers;
using LlmCourse.Transformers.Families;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Checkpoints;

/// <summary>A model as a checkpoint describes it: the weights, and what is needed to write the same checkpoint again.</summary>
/// <param name="Model">The model; owned by whoever holds this.</param>
/// <param name="Family">Its architecture's names.</param>
/// <param name="Config">Its <c>config.json</c>.</param>
internal sealed record Pretrained(TransformerModel Model, Family Family, JsonElement Config) : IDisposable
{
    public const string ConfigFile = "config.json";

    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    /// <summary>A model with random weights from a configuration alone.</summary>
    public static Pretrained FromConfig(JsonElement config, long seed, ScalarType type = ScalarType.Float32, Device? device = null)
    {
        Family family = Family.Of(config);
        return new Pretrained(new TransformerModel(family.Config(config), seed, type, device), family, config);
    }

    /// <summary>Loads a Hugging Face folder.</summary>
    public static Pretrained FromFolder(
        string folder, ScalarType type = ScalarType.Float32, Device? device = null,
        IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        JsonElement config = ReadConfig(folder);
        using IWeightSource source = WeightFolder.Open(folder);
        return From(config, source, folder, type, device ?? CPU, progress, cancellationToken);
    }

    /// <summary>
    /// Loads a Hugging Face folder as a language model. A decoder published without a head, as <c>facebook/bart-base</c> is, is one
    /// where its output is the token table, or the file has the output too.
    /// </summary>
    public static Pretrained LanguageModelFromFolder(
        string folder, ScalarType type = ScalarType.Float32, Device? device = null,
        IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        JsonElement config = ReadConfig(folder);
        using IWeightSource source = WeightFolder.Open(folder);
        return From(WithHead(config, source), source, folder, type, device ?? CPU, progress, cancellationToken);
    }

    /// <summary>Loads a Hugging Face folder's model without its head; a head that the file has is left there.</summary>
    public static Pretrained TrunkFromFolder(
        string folder, ScalarType type = ScalarType.Float32, Device? device = null, IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        JsonElement config = ReadConfig(folder);
        Family family = Family.Of(config);
        JsonObject without = JsonObject.Create(config)!;
        without["architectures"] = new JsonArray(family.BaseModel);
        using IWeightSource source = WeightFolder.Open(folder);
        return From(JsonSerializer.SerializeToElement(without), source, folder, type, device ?? CPU, leaveHead: true, progress, cancellationToken);
    }

    /// <summary>
    /// Loads weights from a source under Hugging Face names. Nothing is allocated before the configuration agrees with the
    /// names and shapes of the file.
    /// </summary>
    public static Pretrained From(
        JsonElement config, IWeightSource source, string path, ScalarType type, Device device,
        IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default) =>
        From(config, source, path, type, device, leaveHead: false, progress, cancellationToken);

    private static Pretrained From(
        JsonElement config, IWeightSource source, string path, ScalarType type, Device device, bool leaveHead,
        IProgress<LoadProgress>? progress, CancellationToken cancellationToken)
    {
        Family family = Family.Of(config);
        TransformerConfig architecture = family.Config(config, source.Weights.ContainsKey);
        long layers = (long)(architecture.Encoder?.Layers ?? 0) + (architecture.Decoder?.Layers ?? 0);
        if (layers > source.Weights.Count)
            throw new CheckpointException(path, $"config.json speaks of {layers} layers, and there are {source.Weights.Count} tensors.");

        WeightNames names = new(family, architecture);
        if (HasOwnOutput(architecture, names, source))
        {
            architecture = architecture with { Head = architecture.Head with { Tied = false } };
            names = new WeightNames(family, architecture);
        }

        Dictionary<string, string> found = Match(architecture, names, source, path, leaveHead);
        TransformerModel model = new(architecture, type, device);
        try
        {
            Fill(model, names, found, source, progress, cancellationToken);
            return new Pretrained(model, family, config);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Writes config.json and the weights into an existing, empty folder, as transformers writes and reads them.
    /// </summary>
    public void Write(string folder, long maxShardBytes)
    {
        WeightNames names = new(Family, Model.Config);
        bool isBase = Model.Config.Head.Kind == HeadKind.None;
        List<PendingWeight> weights = [];
        foreach ((string name, Parameter parameter) in Model.NamedParameters)
        {
            WeightNames.TensorName theirs = names.Of(name);
            long[] shape = StoredShape(name, parameter, theirs);
            weights.Add(new PendingWeight(isBase ? names.WithoutPrefix(theirs.Stored) : theirs.Stored, parameter.dtype, shape, () =>
            {
                using Tensor plain = parameter.detach(), turned = theirs.Transposed ? plain.t() : plain.reshape(shape);
                return turned.contiguous();
            }));
        }

        WeightFolder.Write(folder, weights, maxShardBytes);
        WriteConfig(Path.Combine(folder, ConfigFile));
    }

    /// <summary>Fills the model's weights again from a folder that <see cref="Write"/> wrote.</summary>
    public void Reload(string folder)
    {
        using IWeightSource source = WeightFolder.Open(folder);
        WeightNames names = new(Family, Model.Config);
        Fill(Model, names, Match(Model.Config, names, source, folder), source, null, CancellationToken.None);
    }

    public void Dispose() => Model.Dispose();

    public static JsonElement ReadConfig(string folder)
    {
        string path = Path.Combine(folder, ConfigFile);
        if (!File.Exists(path))
            throw new CheckpointException(folder, $"there is no {ConfigFile}.");
        return JsonFile.Read(path);
    }

    // Without "architectures" a decoder is a language model.
    private static JsonElement WithHead(JsonElement config, IWeightSource source)
    {
        Family family = Family.Of(config);
        if (family.Config(config, source.Weights.ContainsKey) is not { Head.Kind: HeadKind.None, Decoder: not null })
            return config;
        JsonObject unnamed = JsonObject.Create(config)!;
        unnamed.Remove("architectures");
        JsonElement headed = JsonSerializer.SerializeToElement(unnamed);
        TransformerConfig model = family.Config(headed, source.Weights.ContainsKey);
        return model.Head.Tied || new WeightNames(family, model) is var names && names.Find(names.Of(WeightNames.Output), source.Weights.ContainsKey) is not null ? headed : config;
    }

    // A file that says tied, or says nothing, may have an output matrix of other numbers than the token table: then they are two.
    private static bool HasOwnOutput(TransformerConfig architecture, WeightNames names, IWeightSource source)
    {
        if (architecture.Head is not { Tied: true, Kind: HeadKind.LanguageModel or HeadKind.MaskedLanguageModel })
            return false;
        string? There(string name) => new[] { names.Of(name).Stored, names.Of(name).Name }.SelectMany(names.Candidates).FirstOrDefault(source.Weights.ContainsKey);
        return There(WeightNames.Table) is { } table && There(WeightNames.Output) is { } output && !source.AreEqual(table, output);
    }

    private static Dictionary<string, string> Match(TransformerConfig architecture, WeightNames names, IWeightSource source, string path, bool leaveHead = false)
    {
        using TransformerModel shapes = new(architecture, ScalarType.Float32, META);
        Dictionary<string, string> found = new(StringComparer.Ordinal);
        HashSet<string> known = new(StringComparer.Ordinal);
        List<string> missing = [], misshaped = [];
        foreach ((string name, Parameter parameter) in shapes.NamedParameters)
        {
            WeightNames.TensorName theirs = names.Of(name);
            string? stored = names.Find(theirs, source.Weights.ContainsKey);
            if (stored is null)
            {
                missing.Add(theirs.Stored);
                continue;
            }

            long[] wanted = StoredShape(name, parameter, theirs), there = source.Weights[stored].Shape;
            if (!there.AsSpan().SequenceEqual(wanted))
                misshaped.Add($"{stored} is [{Show(there)}], config.json means [{Show(wanted)}]");
            found[name] = stored;
            known.Add(stored);
        }

        // Beside a head the trunk's tensors have a prefix, and the head's have none.
        bool prefixed = leaveHead && known.Any(names.HasPrefix);
        List<string> unexpected = [.. source.Weights.Keys.Where(name => !known.Contains(name) && !names.IsLeftover(name) && (!prefixed || names.HasPrefix(name)))];
        if (missing.Count + misshaped.Count + unexpected.Count == 0)
        {
            if (Differing(names, source, known) is var (copy, of))
                throw new CheckpointException(path, $"{copy} differs from {of}, of which it should be a copy: a model in which they are two is not supported.");
            return found;
        }

        throw new CheckpointException(path, string.Join(" ", new[]
        {
            ("missing tensors:", missing), ("tensors of another shape:", misshaped), ("unexpected tensors:", unexpected),
        }.Where(part => part.Item2.Count > 0).Select(part => $"{part.Item1} {string.Join(", ", part.Item2)}.")));
    }

    // The first of the tensors passed over as copies that is none.
    private static (string Copy, string Of)? Differing(WeightNames names, IWeightSource source, HashSet<string> known)
    {
        foreach ((string copy, string of) in names.Copies)
        {
            if (names.Candidates(copy).FirstOrDefault(source.Weights.ContainsKey) is { } second && !known.Contains(second)
                && names.Candidates(of).FirstOrDefault(source.Weights.ContainsKey) is { } first && !source.AreEqual(first, second))
                return (second, first);
        }

        return null;
    }

    private static void Fill(
        TransformerModel model, WeightNames names, Dictionary<string, string> found, IWeightSource source,
        IProgress<LoadProgress>? progress, CancellationToken cancellationToken)
    {
        using var noGrad = no_grad();
        long total = found.Values.Sum(name => source.Weights[name].Bytes), loaded = 0;
        foreach ((string name, Parameter parameter) in model.NamedParameters)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            WeightNames.TensorName theirs = names.Of(name);
            using Tensor target = parameter.detach();
            if (theirs.Transposed)
            {
                using Tensor stored = empty([target.size(1), target.size(0)], target.dtype, CPU);
                source.CopyTo(found[name], stored);
                using Tensor turned = stored.t();
                target.copy_(turned);
            }
            else
            {
                using Tensor shaped = target.view(StoredShape(name, target, theirs));
                source.CopyTo(found[name], shaped);
            }

            loaded += source.Weights[found[name]].Bytes;
            progress?.Report(new LoadProgress(loaded, total));
        }
    }

    // BART's constant bias is [1, V] in its files.
    private static long[] StoredShape(string name, Tensor parameter, WeightNames.TensorName theirs) =>
        theirs.Transposed ? [parameter.size(1), parameter.size(0)]
        : name == "head.output.bias" && theirs.Name == "final_logits_bias" ? [1, parameter.size(0)]
        : parameter.shape;

    private static string Show(long[] shape) => string.Join(", ", shape);

    // What was read, with the type that the weights have now, under the key that the file used.
    private void WriteConfig(string path)
    {
        string type = Model.Type switch
        {
            ScalarType.Float16 => "float16",
            ScalarType.BFloat16 => "bfloat16",
            ScalarType.Float64 => "float64",
            _ => "float32",
        };
        string typeKey = Config.TryGetProperty("torch_dtype", out _) ? "torch_dtype" : "dtype";
        bool untied = Family.Config(Config).Head.Tied && !Model.Config.Head.Tied;
        using FileStream stream = File.Create(path);
        using Utf8JsonWriter writer = new(stream, Indented);
        writer.WriteStartObject();
        foreach (JsonProperty property in Config.EnumerateObject())
        {
            if (property.Name is not ("torch_dtype" or "dtype") && !(untied && property.Name is ("tie_word_embeddings" or "scale_decoder_outputs")))
                property.WriteTo(writer);
        }

        if (untied)
        {
            writer.WriteBoolean("tie_word_embeddings", false);
            if (Model.Config.Head.Scale != 1)
                writer.WriteBoolean("scale_decoder_outputs", true); // T5 takes it from the tie where it is not said
        }

        writer.WriteString(typeKey, type);
        writer.WriteEndObject();
    }
}
