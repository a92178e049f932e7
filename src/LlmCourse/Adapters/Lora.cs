using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Adapters;

/// <summary>Makes LoRA adapters: which modules they act on, and where their factors start.</summary>
internal static class Lora
{
    /// <summary>A new adapter for a model, which changes nothing yet.</summary>
    public static Adapter Make(string name, LoraOptions options, TransformerModel model, AdapterSites sites)
    {
        LoraSelection selection = Select(options, model, sites);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using Generator random = new(unchecked((ulong)options.Seed), CPU);
        BaseWeights weights = new(model);
        return new Adapter(name, AdapterMethod.Lora, options, SiteChanges.All(
            selection.Targets.Select(site => KeyValuePair.Create(site, Start(site, options, weights, model, random)))
                .Concat(selection.Biases.Select(site => KeyValuePair.Create<NamedSite, SiteChange>(site, new BiasChange(Wide(weights.Bias(site)!, model), selection.Targets.Contains(site)))))
                .Concat(selection.Trained.Select(site => KeyValuePair.Create(site, Whole(site, weights, model))))))
        { BaseParameterCount = model.ParameterCount };
    }

    /// <summary>What options choose among the modules of a model; its weights are not read, so they may be on no device.</summary>
    public static LoraSelection Select(LoraOptions options, TransformerModel model, AdapterSites sites)
    {
        options = options.Validate();
        IReadOnlyList<NamedSite> trained = sites.Trained(Property(nameof(LoraOptions.TrainedModules)), options.TrainedModules, model.IsClassifier);
        IReadOnlyList<NamedSite> targets = sites.Targets(Property(nameof(LoraOptions.Targets)), options.Targets, options.TargetPattern, "q", "v", "qkv");
        targets = sites.OfLayers(Property(nameof(LoraOptions.Layers)), [.. targets.Except(trained)], options.Layers);
        AdapterSites.RequireFitting(Property(nameof(LoraOptions.RankPattern)), targets, options.RankPattern.Keys);
        AdapterSites.RequireFitting(Property(nameof(LoraOptions.AlphaPattern)), targets, options.AlphaPattern.Keys);

        return new LoraSelection(targets, [.. Biases(options.Bias, sites, targets, trained, new BaseWeights(model))], trained);
    }

    /// <summary>The rank and scale that options mean at a site.</summary>
    public static (int Rank, double Scale) ScaleAt(NamedSite site, LoraOptions options)
    {
        int rank = RankAt(site, options);
        double alpha = AlphaAt(site, options);
        return (rank, options.RankStabilized ? alpha / Math.Sqrt(rank) : alpha / rank);
    }

    public static int RankAt(NamedSite site, LoraOptions options) =>
        AdapterSites.Fitting(Property(nameof(LoraOptions.RankPattern)), site, options.RankPattern, options.Rank);

    public static double AlphaAt(NamedSite site, LoraOptions options) =>
        AdapterSites.Fitting(Property(nameof(LoraOptions.AlphaPattern)), site, options.AlphaPattern, options.Alpha);

    /// <summary>The change with given factors, which may be those of a file.</summary>
    /// <param name="site">The module.</param>
    /// <param name="options">How the adapter was made.</param>
    /// <param name="weight">The module's weight, for methods whose change is counted from it.</param>
    /// <param name="down">A.</param>
    /// <param name="up">B.</param>
    /// <param name="upBias">B's bias, or null.</param>
    /// <param name="magnitude">m of DoRA, or null to start at the weight's own.</param>
    public static SiteChange Change(NamedSite site, LoraOptions options, Tensor weight, Tensor down, Tensor up, Tensor? upBias = null, Tensor? magnitude = null)
    {
        (int rank, double scale) = ScaleAt(site, options);
        if (site.Site.Kind == SiteKind.Table)
            return new TableChange(down, up, scale);
        return options.Dora
            ? new MagnitudeChange(down, up, magnitude ?? MagnitudeChange.Norms(weight.to(down.dtype)), scale, options.Dropout)
            : new LowRankChange(down, up, scale, options.Dropout, upBias, Factors(options.Initialization, weight.to(down.dtype), rank, scale));
    }

    /// <summary>A module trained in full, from where the base stands.</summary>
    public static SiteChange Whole(NamedSite site, BaseWeights weights, TransformerModel model)
    {
        if (site.Tables(model).Count() > 1)
            throw new NotSupportedException($"{site.Module} is read by an encoder and a decoder, which peft would not see: it cannot be trained in full. Give it LoRA ({site.Site.Name} among the targets).");
        if (site.Site.Kind == SiteKind.Linear && site.IsOutput && model.Config.Head is { Kind: HeadKind.LanguageModel, FrozenBias: true, Bias: true })
            throw new NotSupportedException($"{site.Module} has a constant bias and cannot be trained in full.");
        return new FullChange(Wide(weights.Weight(site), model), weights.Bias(site) is { } bias ? Wide(bias, model) : null, site.Site.Kind == SiteKind.Norm);
    }

    /// <summary>The type of an adapter's parameters: fp32 whatever the base has, but for a base in double.</summary>
    public static ScalarType TypeFor(TransformerModel model) => model.Type == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;

    private static string Property(string name) => $"{nameof(LoraOptions)}.{name}";

    private static Tensor Wide(Tensor value, TransformerModel model) => value.detach().to(TypeFor(model));

    private static IEnumerable<NamedSite> Biases(LoraBias mode, AdapterSites sites, IReadOnlyList<NamedSite> targets, IReadOnlyList<NamedSite> trained, BaseWeights weights) => mode switch
    {
        LoraBias.None => [],
        LoraBias.Targets => targets.Where(site => weights.Bias(site) is not null),
        _ => sites.All.Except(trained).Where(site => weights.Bias(site) is not null),
    };

    private static SiteChange Start(NamedSite site, LoraOptions options, BaseWeights weights, TransformerModel model, Generator random)
    {
        (int rank, double scale) = ScaleAt(site, options);
        ScalarType type = TypeFor(model);
        bool table = site.Site.Kind == SiteKind.Table;
        if (table && (options.Dora || options.UpBias || options.Initialization is LoraInitialization.Pissa or LoraInitialization.Olora))
            throw new ArgumentException($"{nameof(LoraOptions)}: embeddings ({site.Site.Name}) can have plain LoRA only.");
        if (site.Transposed && options.Initialization == LoraInitialization.Olora)
            throw new ArgumentException($"{Property(nameof(LoraOptions.Initialization))}: peft's OLoRA takes {site.Module}, stored as [input, output], for its transpose, and could not read this adapter. Use {LoraInitialization.Pissa}.");
        Tensor weight = weights.Weight(site).detach();
        Tensor Normal(long rows, long columns, double deviation) => randn([rows, columns], type, CPU, generator: random).TimesInPlace(deviation).to(model.Device);
        Tensor Zeros(long rows, long columns) => zeros([rows, columns], type, model.Device);
        (Tensor down, Tensor up) = options.Initialization switch
        {
            _ when table => (Zeros(rank, site.Site.Input), Normal(site.Site.Output, rank, 1)), // as peft does
            LoraInitialization.Uniform => (
                rand([rank, site.Site.Input], type, CPU, generator: random).TimesInPlace(2).PlusInPlace(-1).TimesInPlace(1 / Math.Sqrt(site.Site.Input)).to(model.Device),
                Zeros(site.Site.Output, rank)),
            LoraInitialization.Gaussian => (Normal(rank, site.Site.Input, 1.0 / rank), Zeros(site.Site.Output, rank)),
            _ => Factors(options.Initialization, weight.to(type), RankWithin(site, rank), scale)!.Value,
        };
        return Change(site, options, weight, down, up, options.UpBias ? zeros([site.Site.Output], type, model.Device) : null);
    }

    private static int RankWithin(NamedSite site, int rank) => rank <= Math.Min(site.Site.Input, site.Site.Output) ? rank
        : throw new ArgumentException($"{nameof(LoraOptions)}.{nameof(LoraOptions.Rank)} is {rank}, more than {site.Site.Name} has: it is [{site.Site.Output}, {site.Site.Input}].");

    // A₀ [r, input] and B₀ [output, r] with s B₀ A₀ a part of W [output, input], or null where training starts from no part of it.
    private static (Tensor Down, Tensor Up)? Factors(LoraInitialization initialization, Tensor weight, int rank, double scale)
    {
        switch (initialization)
        {
            case LoraInitialization.Pissa:
                (Tensor u, Tensor s, Tensor vh) = linalg.svd(weight, fullMatrices: false);
                Tensor roots = s.narrow(0, 0, rank).Over(scale).sqrt();
                return (roots.unsqueeze(1).mul(vh.narrow(0, 0, rank)), u.narrow(1, 0, rank).mul(roots));
            case LoraInitialization.Olora:
                (Tensor q, Tensor r) = linalg.qr(weight);
                return (r.narrow(0, 0, rank), q.narrow(1, 0, rank));
            default:
                return null;
        }
    }
}
