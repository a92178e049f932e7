namespace Lab2.FineTuning;

/// <summary>A way to tune a model: all of its weights, or something beside them.</summary>
/// <param name="Name">What it is called; also the command.</param>
/// <param name="SmallRate">The learning rate for the small model that the lab trains itself.</param>
/// <param name="Rate">That for a real one.</param>
/// <param name="Add">Adds an adapter of this kind to a model; null where the weights themselves are trained.</param>
internal sealed record Technique(string Name, double SmallRate, double Rate, Action<AdapterSet, string, Settings>? Add)
{
    public static Technique Full { get; } = new("full", 1e-3, 5e-5, null);

    /// <summary>Those that leave the model as it is. Commands, tables and pictures go through this list.</summary>
    public static IReadOnlyList<Technique> Adapters { get; } =
    [
        new("lora", 5e-3, 5e-4, (adapters, name, settings) => adapters.AddLora(name, new() { Rank = settings.Rank, Alpha = 2 * settings.Rank, Targets = settings.Targets, Seed = settings.Seed })),
        new("soft-prompt", 1e-1, 1e-2, (adapters, name, settings) => adapters.AddPromptTuning(name, new() { VirtualTokens = settings.VirtualTokens, Initialization = PromptInitialization.Vocabulary, Seed = settings.Seed })),
    ];

    public static IReadOnlyList<Technique> All { get; } = [Full, .. Adapters];

    /// <summary>What is trained: the model itself, or a view of it with a new adapter.</summary>
    public Llm Of(Llm llm, string name, Settings settings)
    {
        if (Add is null)
            return llm;
        Add(llm.Adapters, name, settings);
        return llm.With(name);
    }

    /// <summary>Writes what was trained: a whole model, or an adapter alone.</summary>
    /// <returns>The bytes of its files.</returns>
    public long Save(Llm llm, string name, string folder)
    {
        if (Add is null)
            llm.Save(folder);
        else
            llm.Adapters.Save(name, folder);
        return new DirectoryInfo(folder).EnumerateFiles().Sum(file => file.Length);
    }
}
