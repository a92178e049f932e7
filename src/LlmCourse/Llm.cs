using System.Runtime.CompilerServices;
using System.Text.Json;
using LlmCourse.Adapters;
using LlmCourse.Checkpoints;
using LlmCourse.Checkpoints.Hub;
using LlmCourse.Data;
using LlmCourse.Generation;
using LlmCourse.Tokenization;
using LlmCourse.Tokenization.Chat;
using LlmCourse.Training;
using LlmCourse.Transformers;
using LlmCourse.Transformers.Families;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse;

/// <summary>
/// A language model to prompt and to train: the weights, the tokenizer, and the defaults its checkpoint brings. Generating is
/// safe from several threads at once; training, moving and disposing are not while anything else runs. Whoever loads it
/// disposes it.
/// </summary>
public sealed partial class Llm : ITextGenerator, IDisposable
{
    private readonly Pretrained? _pretrained;
    private readonly ModelFiles _files;
    private readonly TokenGenerator _generator;
    private readonly Lazy<ChatTemplate> _chat;
    private readonly Lazy<ChatTemplate?> _toolChat;

    private Llm(TransformerModel model, Pretrained? pretrained, ModelFiles files, string? origin = null)
    {
        Model = model;
        _pretrained = pretrained;
        _files = files;
        _adapters = new AdapterSet(model, pretrained is null ? null : new WeightNames(pretrained.Family, model.Config), files.Tokenizer, origin);
        _view = ForwardContext.Evaluation;
        _generator = new TokenGenerator(model, _view, files.Defaults, files.AnswerTokenizer ?? files.Tokenizer, files.Tokenizer);
        _toolChat = new Lazy<ChatTemplate?>(() => files.ToolTemplate is null ? null : ChatTemplate.Parse(files.ToolTemplate));
        _chat = new Lazy<ChatTemplate>(() => ChatTemplate.Parse(files.ChatTemplate
            ?? throw new InvalidOperationException("The model has no chat template: use Generate with a prompt of your own.")));
    }

    /// <summary>The transformer itself.</summary>
    public TransformerModel Model { get; }

    /// <summary>The tokenizer.</summary>
    /// <exception cref="InvalidOperationException">The checkpoint has none.</exception>
    public PretrainedTokenizer Tokenizer => _files.Tokenizer
        ?? throw new InvalidOperationException("The checkpoint has no tokenizer: load a folder with a tokenizer.json, give one in LoadOptions.Tokenizer, or use what takes ids, such as GenerateFromIds.");

    /// <summary>How many tokens the model can read: the encoder where there is one, else prompt and answer together; null where nothing limits them.</summary>
    public int? ContextLength => (Model.Config.Encoder ?? Model.Config.Decoder!).Positions.Limit;

    /// <summary>
    /// Loads a model: a Hugging Face folder, a .gguf file, or a model of the hub, of which the local cache keeps what is downloaded.
    /// </summary>
    /// <param name="model">A path, or a name such as <c>HuggingFaceTB/SmolLM2-135M-Instruct</c>; <c>@revision</c> may follow, or a .gguf file of the repository (<c>owner/name/file.gguf</c>).</param>
    /// <param name="options">Data type, device, revision.</param>
    /// <param name="progress">Hears how much is downloaded and read.</param>
    /// <param name="cancellationToken">Ends a download; checked between tensors.</param>
    /// <exception cref="HubException">The model cannot be downloaded; the message says why and what to do.</exception>
    /// <exception cref="CheckpointException">A file is missing, damaged or of another model; the message says which and what to do.</exception>
    /// <exception cref="UnsupportedModelException">The architecture, or a setting of it, is not supported.</exception>
    public static Llm Load(
        string model, LoadOptions? options = null, IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(model);
        options ??= new LoadOptions();
        Device device = options.Device ?? CPU;
        string place = PlaceOf(model, options, progress, cancellationToken);
        if (File.Exists(place))
        {
            using GgufModel gguf = GgufModel.Open(place);
            ModelFiles inside = ModelFiles.OfGguf(gguf).With(options);
            return Of(Pretrained.From(gguf.Config, gguf, place, options.Type, device, progress, cancellationToken), inside);
        }

        ModelFiles files = ModelFiles.OfFolder(place).With(options);
        return Of(Pretrained.LanguageModelFromFolder(place, options.Type, device, progress, cancellationToken), files, model);
    }

    /// <summary>The same as <see cref="Load"/> on another thread.</summary>
    public static Task<Llm> LoadAsync(
        string model, LoadOptions? options = null, IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => Load(model, options, progress, cancellationToken), cancellationToken);

    /// <summary>A model with random weights from a folder that has a config.json, and perhaps a tokenizer, but no weights.</summary>
    public static Llm FromConfig(string folder, long seed, LoadOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        options ??= new LoadOptions();
        ModelFiles files = ModelFiles.OfFolder(folder).With(options);
        return Of(Pretrained.FromConfig(Pretrained.ReadConfig(folder), seed, options.Type, options.Device), files);
    }

    /// <summary>A model with random weights, of any architecture that the one block can be. It cannot be saved as a Hugging Face folder.</summary>
    public static Llm Create(TransformerConfig config, PretrainedTokenizer? tokenizer, long seed, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        return new Llm(new TransformerModel(config, seed, device: device), null, ModelFiles.Of(config, tokenizer));
    }

    /// <summary>Completes a text as it stands, without any template; of several completions, gives the first.</summary>
    /// <param name="prompt">The text; the tokenizer adds the special tokens the model expects.</param>
    /// <param name="options">What differs from the model's defaults; null for none.</param>
    /// <param name="cancellationToken">Checked between tokens.</param>
    public Completion Generate(string prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        Generate([prompt], options, cancellationToken)[0];

    /// <summary>
    /// Completes several texts in one batch. Each result depends on its own prompt and row only. With <see cref="GenerationOptions.NumReturnSequences"/>
    /// n, a prompt has n completions one after another.
    /// </summary>
    public IReadOnlyList<Completion> Generate(
        IReadOnlyList<string> prompts, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        return GenerateFromIds([.. prompts.Select(Encode)], options, cancellationToken);
    }

    /// <summary>Completes several prompts given as token ids.</summary>
    public IReadOnlyList<Completion> GenerateFromIds(
        IReadOnlyList<IReadOnlyList<int>> prompts, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        RequireRows(prompts.Count);
        return _generator.Generate(prompts, options, null, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<Completion>> GenerateAsync(
        IReadOnlyList<string> prompts, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => Generate(prompts, options, cancellationToken), cancellationToken);

    /// <summary>Completes a text and yields its pieces as they come; together they are the completion's text. Of beams they all come at the end.</summary>
    public async IAsyncEnumerable<string> StreamAsync(
        string prompt, GenerationOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (StreamedToken token in StreamTokensAsync(prompt, options, cancellationToken).ConfigureAwait(false))
        {
            if (token.Text.Length > 0)
                yield return token.Text;
        }
    }

    /// <summary>Completes a text and yields every token as it comes, with the text that it makes certain.</summary>
    public IAsyncEnumerable<StreamedToken> StreamTokensAsync(
        string prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        int[] ids = Encode(prompt);
        RequireRows(1);
        return new TokenStream((onToken, stop) => _generator.Generate([ids], options, onToken, stop)).ReadAsync(cancellationToken);
    }

    /// <summary>This model, or view, as one that proposes tokens to a larger one: see <see cref="AssistedOptions.Draft"/>.</summary>
    public DraftModel AsDraft() => new(Model, UniformView());

    /// <summary>How likely every token is to come next, as the options make it: how temperature, top-k and top-p change the distribution.</summary>
    public TokenDistribution NextTokenDistribution(string prompt, GenerationOptions? options = null) => NextTokenDistribution(Encode(prompt), options);

    /// <summary>The same behind a prompt given as token ids, such as a rendered chat.</summary>
    public TokenDistribution NextTokenDistribution(IReadOnlyList<int> prompt, GenerationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        RequireRows(1);
        return _generator.NextToken(prompt, options);
    }

    /// <summary>
    /// Writes a Hugging Face folder: configuration, weights, generation defaults, tokenizer. It appears whole or not at all.
    /// </summary>
    /// <param name="folder">The folder; a checkpoint that is there is replaced.</param>
    /// <param name="maxShardBytes">Larger weights are spread over several files.</param>
    /// <exception cref="InvalidOperationException">The architecture has no Hugging Face form.</exception>
    public void Save(string folder, long maxShardBytes = 5L << 30)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        RequireBase(nameof(Save), "save the adapter with Adapters.Save, or merge it and save the model");
        Pretrained pretrained = _pretrained ?? throw new InvalidOperationException("A model made from a TransformerConfig alone has no Hugging Face form.");
        AtomicFolder.Write(folder, Pretrained.ConfigFile, target =>
        {
            pretrained.Write(target, maxShardBytes);
            _files.Write(target);
        });
    }

    /// <summary>Frees the weights and the adapters. Of a view it frees nothing.</summary>
    public void Dispose()
    {
        if (_active is not null)
            return;
        _adapters.Dispose();
        Model.Dispose();
    }

    // On another thread: nothing of the caller's context is waited for.
    /// <summary>The folder or file that a model is in, which comes from the hub if it is not here.</summary>
    internal static string PlaceOf(string model, LoadOptions options, IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default) =>
        File.Exists(model) || Directory.Exists(model) ? model
        : Task.Run(() => HubDownload.RunAsync(HubId.Parse(model, options.Revision), HubSettings.FromEnvironment(), progress, cancellationToken), cancellationToken).GetAwaiter().GetResult();

    private static Llm Of(Pretrained pretrained, ModelFiles files, string? origin = null)
    {
        try
        {
            return new Llm(pretrained.Model, pretrained, files, origin);
        }
        catch
        {
            pretrained.Dispose();
            throw;
        }
    }

    private int[] Encode(string prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        int[] ids = Tokenizer.EncodeIds(prompt);
        if (ids.Length > 0)
            return ids;
        return [_files.Defaults.BosTokenId ?? Model.Config.BosTokenId ?? throw new ArgumentException("The prompt has no tokens, and the model no token to begin a text with.", nameof(prompt))];
    }
}
