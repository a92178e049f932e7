using System.Text.Json;

namespace LlmCourse.Conformance;

/// <summary>
/// The real models of <c>shared/models</c> that have golden values: in <c>golden/</c> or <c>golden.json</c> beside them, or in
/// <c>real/NAME/golden</c> under the root. What is known of a golden file is its name and shape, never which model it belongs
/// to. Each model is loaded once and kept until the last test of the collection.
/// </summary>
public sealed class RealModels : IDisposable
{
    /// <summary>The collection of tests that share the loaded models.</summary>
    public const string Collection = "Real models";

    private readonly Dictionary<string, RealModel> _loaded = [];

    /// <summary>What a golden folder may hold: files with a test of their own, or read beside one.</summary>
    private static readonly string[] Known =
    [
        "greedy.json", "batch.json", "beams.json", "words.json", "golden.json", "logits.json", "logits.safetensors", "perplexity.json",
        "tensors.json", "tensors.safetensors", "sentences.json", "embeddings.safetensors", "hidden_states.safetensors",
        "speed.json", // of the reference, on another machine
    ];

    /// <summary>One case for each golden file that nothing else compares.</summary>
    public static TheoryData<string> Others()
    {
        TheoryData<string> cases = [.. Folders().Where(folder => folder.EndsWith("/golden", StringComparison.Ordinal))
            .SelectMany(folder => Directory.EnumerateFiles(PathOf(folder)).Select(file => $"{folder}/{Path.GetFileName(file)}"))
            .Where(path => !Known.Contains(Path.GetFileName(path))).Order(StringComparer.Ordinal)];
        if (cases.Count == 0)
            cases.Add(Conformance.Cases.None);
        return cases;
    }

    /// <summary>The golden files of a name: <c>models/NAME/golden/file</c> or <c>real/NAME/golden/file</c>.</summary>
    public static IEnumerable<string> Files(string file) => Folders()
        .Select(folder => folder + "/" + file).Where(path => File.Exists(PathOf(path)));

    /// <summary>One case for each golden file of a name.</summary>
    public static TheoryData<string> Cases(string file)
    {
        TheoryData<string> cases = [.. Files(file)];
        if (cases.Count == 0)
            cases.Add(Conformance.Cases.None);
        return cases;
    }

    /// <summary>One case for each entry of a list in each golden file of a name.</summary>
    public static TheoryData<string, string> Entries(string file, string list, Func<JsonElement, string> name)
    {
        TheoryData<string, string> cases = [];
        foreach (string path in Files(file))
        {
            if (!Shared.Json(PathOf(path)).TryGetProperty(list, out JsonElement entries))
                continue;
            int index = 0;
            foreach (JsonElement entry in entries.EnumerateArray())
                cases.Add(path, $"{index++}: {name(entry)}");
        }

        if (cases.Count == 0)
            cases.Add(Conformance.Cases.None, "");
        return cases;
    }

    /// <summary>The entry that a case of <see cref="Entries"/> names.</summary>
    public static JsonElement Entry(string path, string list, string entry) =>
        Json(path).GetProperty(list)[int.Parse(entry.Split(':')[0], System.Globalization.CultureInfo.InvariantCulture)];

    /// <summary>The content of a golden file, or a skip where a case stands for none.</summary>
    public static JsonElement Json(string path)
    {
        Skip.If(Shared.Folder is null, "no shared folder with real models: set LLMCOURSE_SHARED");
        Skip.If(path == Conformance.Cases.None, "no real model has such a golden file");
        return Shared.Json(PathOf(path));
    }

    /// <summary>Where a golden file is.</summary>
    public static string PathOf(string path) =>
        Path.Combine(path.StartsWith("models/", StringComparison.Ordinal) ? Shared.Folder! : Shared.Root!, path);

    /// <summary>Where the files of a golden file's model are.</summary>
    public static string ModelFolder(string path) => Path.Combine(Shared.Folder!, "models", path.Split('/')[1]);

    /// <summary>The model of a golden file; skips where its weights are not here.</summary>
    internal RealModel Of(string path)
    {
        string folder = ModelFolder(path);
        if (!_loaded.TryGetValue(folder, out RealModel? model))
            _loaded.Add(folder, model = RealModel.Load(folder));
        return model;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (RealModel model in _loaded.Values)
            model.Dispose();
    }

    /// <summary>The folders that may hold golden files: a model's own, its golden/, and golden/ under the root.</summary>
    public static IEnumerable<string> Folders()
    {
        string models = Path.Combine(Shared.Folder ?? "", "models");
        if (Shared.Folder is null || !Directory.Exists(models))
            yield break;
        foreach (string model in Directory.EnumerateDirectories(models).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal))
        {
            if (File.Exists(Path.Combine(models, model, "golden.json")))
                yield return $"models/{model}";
            if (Directory.Exists(Path.Combine(models, model, "golden")))
                yield return $"models/{model}/golden";
            if (Shared.Root is { } root && Directory.Exists(Path.Combine(root, "real", model, "golden")))
                yield return $"real/{model}/golden";
        }
    }
}

/// <summary>Tests of real models run one behind the other and share what is loaded.</summary>
[CollectionDefinition(RealModels.Collection)]
public sealed class SharedRealModels : ICollectionFixture<RealModels>;
