namespace LlmCourse.Adapters;

/// <summary>How a LoRA adapter is made (Hu et al. 2021). The defaults are peft's.</summary>
public sealed record LoraOptions
{
    /// <summary>What <see cref="Targets"/> says for every linear map but the output.</summary>
    public const string AllLinear = "all-linear";

    /// <summary>The rank r of the change: how many numbers each input is squeezed into.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>α: the change is scaled by α / r.</summary>
    public double Alpha { get; init; } = 8;

    /// <summary>The share of a module's input that is dropped in front of A while training.</summary>
    public double Dropout { get; init; }

    /// <summary>
    /// The modules it acts on, by the end of their names: ours (<c>q</c>, <c>k</c>, <c>v</c>, <c>o</c>, <c>gate</c>, <c>up</c>, <c>down</c>,
    /// <c>embeddings.tokens</c>) or the checkpoint's (<c>q_proj</c>); or <see cref="AllLinear"/>. Null for q and v.
    /// </summary>
    public IReadOnlyList<string>? Targets { get; init; }

    /// <summary>Instead of <see cref="Targets"/>, a regular expression that the whole name must match, ours or the checkpoint's.</summary>
    public string? TargetPattern { get; init; }

    /// <summary>The layers it acts on, counted from 0; null for all.</summary>
    public IReadOnlyList<int>? Layers { get; init; }

    /// <summary>Other ranks for some modules: by the end of the name, which may be a regular expression.</summary>
    public IReadOnlyDictionary<string, int> RankPattern { get; init; } = new Dictionary<string, int>();

    /// <summary>Other α for some modules, likewise.</summary>
    public IReadOnlyDictionary<string, double> AlphaPattern { get; init; } = new Dictionary<string, double>();

    /// <summary>Which of the model's biases are trained too.</summary>
    public LoraBias Bias { get; init; } = LoraBias.None;

    /// <summary>Whether B has a bias of its own.</summary>
    public bool UpBias { get; init; }

    /// <summary>Modules that are trained in full, by the end of their names, as peft's <c>modules_to_save</c>. A classifier's head always is.</summary>
    public IReadOnlyList<string> TrainedModules { get; init; } = [];

    /// <summary>Whether the change is scaled by α / √r instead (Kalajdzievski 2023, "rsLoRA").</summary>
    public bool RankStabilized { get; init; }

    /// <summary>Whether the length of each weight row is trained apart from its direction (Liu et al. 2024, "DoRA").</summary>
    public bool Dora { get; init; }

    /// <summary>Where A and B start.</summary>
    public LoraInitialization Initialization { get; init; } = LoraInitialization.Uniform;

    /// <summary>Of the random numbers in A.</summary>
    public long Seed { get; init; }

    /// <summary>
    /// How many parameters it trains for a matrix [output, input]: r numbers for each input and each output, with <see cref="UpBias"/> or
    /// <see cref="Dora"/> one more for each output. Patterns do not count here.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public long ParameterCount(long output, long input)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(output);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(input);
        return (Rank * (output + input)) + (UpBias || Dora ? output : 0);
    }

    internal LoraOptions Validate()
    {
        Require(Rank > 0, nameof(Rank), Rank, "be at least 1");
        Require(Alpha > 0 && double.IsFinite(Alpha), nameof(Alpha), Alpha, "be a positive number");
        Require(Dropout is >= 0 and < 1, nameof(Dropout), Dropout, "be in [0, 1)");
        Require(Targets is null || TargetPattern is null, nameof(TargetPattern), TargetPattern, "not be given beside " + nameof(Targets));
        Require(Targets is not { Count: 0 }, nameof(Targets), "an empty list", "name something");
        Require(RankPattern.Values.All(rank => rank > 0), nameof(RankPattern), string.Join(", ", RankPattern.Values), "have ranks of at least 1");
        Require(AlphaPattern.Values.All(alpha => alpha > 0 && double.IsFinite(alpha)), nameof(AlphaPattern), string.Join(", ", AlphaPattern.Values), "have positive numbers");
        bool plainStart = Initialization is LoraInitialization.Uniform or LoraInitialization.Gaussian;
        Require(!Dora || plainStart, nameof(Initialization), Initialization, $"be {nameof(LoraInitialization.Uniform)} or {nameof(LoraInitialization.Gaussian)} with {nameof(Dora)}");
        Require(!(UpBias && Dora), nameof(UpBias), UpBias, $"be false with {nameof(Dora)}");
        return this;
    }

    private static void Require(bool holds, string property, object? value, string what)
    {
        if (!holds)
            throw new ArgumentException($"{nameof(LoraOptions)}.{property} is {value} and must {what}.");
    }
}
