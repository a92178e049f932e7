using System.Collections.Immutable;
using LlmCourse.Checkpoints;
using LlmCourse.Tokenization;
using LlmCourse.Transformers;
using LlmCourse.Transformers.Families;
using static TorchSharp.torch;

namespace LlmCourse.Adapters;

/// <summary>
/// The adapters of one model, by name. Adding, loading and removing them never changes the model's weights; only
/// <see cref="Merge"/> does, and <see cref="Unmerge"/> restores them bit for bit. Looking adapters up is safe from any thread;
/// two changes at once wait for each other. Neither merging while the model is used nor removing an adapter while a view of it is
/// used is safe.
/// </summary>
public sealed class AdapterSet
{
    private readonly Lock _changing = new();
    private readonly TransformerModel _model;
    private readonly AdapterSites _sites;
    private readonly PretrainedTokenizer? _tokenizer;
    private readonly string? _origin;
    private readonly Merging _merging;
    private ImmutableDictionary<string, Adapter> _adapters = ImmutableDictionary.Create<string, Adapter>(StringComparer.Ordinal);

    internal AdapterSet(TransformerModel model, WeightNames? names, PretrainedTokenizer? tokenizer, string? origin = null)
    {
        _model = model;
        _sites = new AdapterSites(model, names);
        _tokenizer = tokenizer;
        _origin = origin;
        _merging = new Merging(model);
    }

    /// <summary>The names of all adapters, sorted.</summary>
    public IReadOnlyList<string> Names => [.. _adapters.Keys.Order(StringComparer.Ordinal)];

    /// <summary>An adapter by its name.</summary>
    /// <exception cref="KeyNotFoundException">There is no such adapter; the message lists those there are.</exception>
    public Adapter this[string name] => _adapters.TryGetValue(name, out Adapter? adapter) ? adapter
        : throw new KeyNotFoundException($"There is no adapter '{name}'; there {(_adapters.IsEmpty ? "are none" : "are " + string.Join(", ", Names))}.");

    /// <summary>Adds a LoRA adapter, which changes nothing until it is trained.</summary>
    /// <param name="name">Its name: one that is not taken.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="ArgumentException">The name is taken, or an option names nothing or makes no sense.</exception>
    public Adapter AddLora(string name, LoraOptions? options = null) => Add(name, () => Lora.Make(name, options ?? new LoraOptions(), _model, _sites));

    /// <summary>Adds an AdaLoRA adapter, which changes nothing until it is trained, and whose training chooses the rank of each module.</summary>
    /// <param name="name">Its name: one that is not taken.</param>
    /// <param name="options">How; <see cref="AdaLoraOptions.TotalSteps"/> is to be given.</param>
    /// <exception cref="ArgumentException">The name is taken, or an option names nothing or makes no sense.</exception>
    public Adapter AddAdaLora(string name, AdaLoraOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Add(name, () => AdaLora.Make(name, options, _model, _sites));
    }

    /// <summary>Adds an (IA)³ adapter, which changes nothing until it is trained.</summary>
    /// <param name="name">Its name: one that is not taken.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="ArgumentException">The name is taken, or an option names nothing.</exception>
    public Adapter AddIa3(string name, Ia3Options? options = null) => Add(name, () => Ia3.Make(name, options ?? new Ia3Options(), _model, _sites));

    /// <summary>Adds virtual tokens that are trained themselves (prompt tuning).</summary>
    /// <param name="name">Its name: one that is not taken.</param>
    /// <param name="options">How many, and what they are at first; null for the defaults.</param>
    /// <exception cref="ArgumentException">The name is taken, or an option makes no sense.</exception>
    /// <exception cref="InvalidOperationException">They start from a text, and the model has no tokenizer.</exception>
    public Adapter AddPromptTuning(string name, PromptTuningOptions? options = null)
    {
        options ??= new PromptTuningOptions();
        int[]? text = options.Text is null ? null
            : (_tokenizer ?? throw new InvalidOperationException($"{nameof(PromptTuningOptions.Text)} needs a tokenizer, and the model has none.")).EncodeIds(options.Text);
        return AddPrompt(name, AdapterMethod.PromptTuning, options, () => PromptTuning.Create(options, _model, text));
    }

    /// <summary>Adds keys and values that stand in front of what every layer reads (prefix tuning).</summary>
    /// <param name="name">Its name: one that is not taken.</param>
    /// <param name="options">How many, and whether a network makes them; null for the defaults.</param>
    /// <exception cref="ArgumentException">The name is taken, or an option makes no sense.</exception>
    public Adapter AddPrefixTuning(string name, PrefixTuningOptions? options = null)
    {
        options ??= new PrefixTuningOptions();
        return AddPrompt(name, AdapterMethod.PrefixTuning, options, () => PrefixTuning.Create(options, _model));
    }

    /// <summary>Adds virtual tokens that a small network makes while training (P-tuning).</summary>
    /// <param name="name">Its name: one that is not taken.</param>
    /// <param name="options">How many, and the network; null for the defaults.</param>
    /// <exception cref="ArgumentException">The name is taken, or an option makes no sense.</exception>
    public Adapter AddPTuning(string name, PTuningOptions? options = null)
    {
        options ??= new PTuningOptions();
        return AddPrompt(name, AdapterMethod.PTuning, options, () => PTuning.Create(options, _model));
    }

    /// <summary>For each virtual token of prompt tuning or P-tuning the tokens of the vocabulary whose embeddings are closest.</summary>
    /// <param name="name">The adapter.</param>
    /// <param name="count">How many tokens for each.</param>
    /// <param name="by">What closest means.</param>
    /// <exception cref="InvalidOperationException">The adapter has no virtual embeddings.</exception>
    public IReadOnlyList<IReadOnlyList<NearestToken>> NearestTokens(string name, int count = 5, Closeness by = Closeness.Cosine)
    {
        if (this[name].Prompt is not IVirtualEmbeddings prompt)
            throw new InvalidOperationException($"The adapter '{name}' has no virtual tokens that are embeddings.");
        using var noGrad = no_grad();
        using Tensor embeddings = prompt.Embeddings(), table = _model.Trunk.Scaled(_model.Trunk.TokenTable.Whole);
        return Adapters.NearestTokens.Of(embeddings, table, count, by, _tokenizer);
    }

    /// <summary>Adds the adapter of a folder as peft writes it.</summary>
    /// <param name="name">Its name: one that is not taken.</param>
    /// <param name="folder">With <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>.</param>
    /// <exception cref="AdapterException">The folder is damaged, of another base or of a kind that is not supported; the message names the modules.</exception>
    public Adapter Load(string name, string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Add(name, () => new PeftReader(folder, _model, _sites).Read(name));
    }

    /// <summary>Writes an adapter as a folder that peft reads. It appears whole or not at all.</summary>
    /// <param name="name">The adapter.</param>
    /// <param name="folder">The folder; an adapter that is there is replaced.</param>
    public void Save(string name, string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (this[name].Changed.FirstOrDefault(entry => entry.Change is TableChange && _merging.Touches(entry.Site)).Site is { } table)
            throw new InvalidOperationException($"peft's file of '{name}' holds {table.Site.Name} itself, into which an adapter is merged: unmerge first.");
        PeftWriter writer = new(this[name], _model, _sites, _origin);
        AtomicFolder.Write(folder, PeftReader.ConfigFile, writer.Write);
    }

    /// <summary>Adds a copy of an adapter, with parameters of its own.</summary>
    /// <param name="name">The adapter.</param>
    /// <param name="copy">The copy's name: one that is not taken.</param>
    public Adapter Copy(string name, string copy) => Add(copy, () => this[name].Copy(copy));

    /// <summary>Adds one LoRA adapter that is a weighted combination of others, which stay as they are.</summary>
    /// <param name="name">Its name: one that is not taken.</param>
    /// <param name="parts">The adapters and their weights.</param>
    /// <param name="options">How; null for concatenation, which is exact.</param>
    /// <exception cref="ArgumentException">An adapter cannot be combined so; the message names it.</exception>
    public Adapter Combine(string name, IReadOnlyList<(string Adapter, double Weight)> parts, CombinationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(parts);
        return Add(name, () => Combination.Make(name, [.. parts.Select(part => (this[part.Adapter], part.Weight))], (options ?? new CombinationOptions()).Validate(), _model));
    }

    /// <summary>Removes an adapter and frees its parameters; views of it do not work any more.</summary>
    /// <exception cref="InvalidOperationException">It is merged.</exception>
    public void Remove(string name)
    {
        lock (_changing)
        {
            Adapter adapter = this[name];
            if (adapter.IsMerged)
                throw new InvalidOperationException($"The adapter '{name}' is merged into the weights: unmerge it first.");
            _adapters = _adapters.Remove(name);
            adapter.Dispose();
        }
    }

    /// <summary>
    /// Makes an adapter part of the model's weights, computed in fp32: the model itself then answers with it, at the speed it has
    /// without, and can be saved so. Views with it stay what they are; views without have it too. The weights it touches are kept
    /// for <see cref="Unmerge"/>. Where it changes a token table that is also the output matrix, the output gets a matrix of its own.
    /// </summary>
    /// <exception cref="AdapterException">A weight would not be finite; nothing is changed.</exception>
    /// <exception cref="InvalidOperationException">It is merged already, it stands in front of the text and has nothing to merge, or merged weights were trained since.</exception>
    public void Merge(string name)
    {
        lock (_changing)
            _merging.Add(this[name]);
    }

    /// <summary>
    /// Takes an adapter out of the weights again. When none is left they have their original bits; others are merged anew into the
    /// originals, so that no rounding stays behind.
    /// </summary>
    /// <exception cref="InvalidOperationException">It is not merged, or merged weights were trained since.</exception>
    public void Unmerge(string name)
    {
        lock (_changing)
            _merging.Remove(this[name]);
    }

    internal void Dispose()
    {
        _merging.Forget();
        foreach (Adapter adapter in _adapters.Values)
            adapter.Dispose();
    }

    private Adapter AddPrompt(string name, AdapterMethod method, object options, Func<SoftPrompt> make) => Add(name, () =>
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        SoftPrompt prompt = make();
        // A classifier's head is trained with it, as peft does.
        BaseWeights weights = new(_model);
        return new Adapter(name, method, options, SiteChanges.All(_sites.Head(_model).Select(site => KeyValuePair.Create(site, Lora.Whole(site, weights, _model)))))
        {
            Prompt = prompt,
            BaseParameterCount = _model.ParameterCount,
        };
    });

    // A module that a new adapter starts from although another is merged into it.
    private NamedSite? Standing(Adapter adapter) =>
        adapter.Changed.FirstOrDefault(entry => entry.Change.StartsFromBase && _merging.Touches(entry.Site)).Site;

    private Adapter Add(string name, Func<Adapter> make)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        lock (_changing)
        {
            if (_adapters.ContainsKey(name))
                throw new ArgumentException($"There is an adapter '{name}' already: remove it first, or choose another name.", nameof(name));
            Adapter adapter = make();
            if (Standing(adapter) is { } site)
            {
                adapter.Dispose();
                throw new InvalidOperationException($"'{name}' would start from {site.Site.Name}, into which another adapter is merged: unmerge that first.");
            }

            _adapters = _adapters.Add(name, adapter);
            return adapter;
        }
    }
}
