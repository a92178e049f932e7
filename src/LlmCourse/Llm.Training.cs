using LlmCourse.Adapters;
using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Training;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse;

/// <content>Training.</content>
public sealed partial class Llm
{
    /// <summary>
    /// Trains the model on examples: every parameter that wants a gradient (see <see cref="TransformerModel.SetTrainable"/>), or
    /// in a view with adapters those adapters alone, over a base that stays as it is.
    /// Held-out examples, where the options have some, give the figures <c>loss</c> and <c>perplexity</c>.
    /// </summary>
    /// <param name="examples">Prompts and completions, or conversations.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="progress">Hears of every step.</param>
    /// <param name="cancellationToken">Checked between batches.</param>
    /// <exception cref="DataException">There is nothing to train on.</exception>
    /// <exception cref="InvalidOperationException">It is no language model: see <see cref="Loss"/>.</exception>
    /// <exception cref="TrainingException">Training cannot go on; the message names the step, the examples and the last good checkpoint.</exception>
    public TrainingResult FineTune(
        IEnumerable<Example> examples, TrainingOptions? options = null, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(examples);
        options = (options ?? new TrainingOptions()).Validate();
        using ExampleBatches source = BatchesOf(examples, options.Batches, options.Seed, cancellationToken);
        using ExampleBatches? heldOut = options.Validation.Examples is not { } held ? null : BatchesOf(held, options.Batches with { Shuffle = false }, options.Seed, cancellationToken);
        if (_active is not null && options.StepInBackward)
            throw new ArgumentException($"{nameof(TrainingOptions)}.{nameof(TrainingOptions.StepInBackward)} is for full fine-tuning: an adapter's gradients are small.", nameof(options));
        ForwardContext view = UniformView() with { GradientCheckpointing = options.GradientCheckpointing };
        SupervisedObjective objective = _active is null ? new(Model, view) : new(Model, view, Trained(allocates: true), Penalty);
        RankAllocator? allocator = _active?.Select(adapter => adapter.Allocator).FirstOrDefault(found => found is not null);
        Trainer<Batch> trainer = new(objective, source, options)
        {
            Saved = _active is null ? new SavedModel(Model, _pretrained, _files) : new SavedAdapters(objective.Parameters),
            Measure = heldOut is null ? null : token => LossOn(heldOut, token),
            Describe = batch => batch.Sources,
            Around = allocator is null ? null : optimizer => new AllocatingOptimizer(optimizer, allocator),
        };
        return trainer.Run(progress, cancellationToken) with { Data = source.Report };
    }

    /// <summary>The batches of one epoch, in order, for a loop of one's own. Each is the caller's to dispose of.</summary>
    /// <param name="examples">Prompts and completions, or conversations.</param>
    /// <param name="size">Rows of a batch.</param>
    public IEnumerable<Batch> Batches(IEnumerable<Example> examples, int size = 8) => Batches(examples, new BatchOptions { Size = size, Shuffle = false });

    /// <summary>The batches of one epoch, for a loop of one's own. Each is the caller's to dispose of.</summary>
    /// <param name="examples">Prompts and completions, or conversations.</param>
    /// <param name="options">Length, truncation, packing and the like.</param>
    /// <param name="seed">Of the order, where it is shuffled.</param>
    public IEnumerable<Batch> Batches(IEnumerable<Example> examples, BatchOptions options, long seed = 0)
    {
        ArgumentNullException.ThrowIfNull(examples);
        ArgumentNullException.ThrowIfNull(options);
        using ExampleBatches source = BatchesOf(examples, options, seed, CancellationToken.None);
        while (source.Read(CancellationToken.None) is { } batch)
            yield return batch;
    }

    /// <summary>The logits of a batch, of this model or view: [B, T, V] for language models (of the decoder where there is one), [B, labels] or [B, T, labels] for classifiers. The caller owns the tensor.</summary>
    public Tensor Logits(Batch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        RequireRows(batch.Input.Count);
        return Model.Logits(batch, _view);
    }

    /// <summary>
    /// The loss that the batch's labels mean for this model, and with an AdaLoRA what its training adds to it
    /// (<see cref="AdaLoraOptions.OrthogonalityWeight"/>), as in peft. The caller owns the scalar.
    /// </summary>
    public Tensor Loss(Batch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        RequireRows(batch.Input.Count);
        Tensor loss = SupervisedLoss.Of(Model, batch, _view);
        if (Penalty() is not { } penalty)
            return loss;
        using (loss)
        using (penalty)
            return loss.Plus(penalty);
    }

    /// <summary>The parameters that want a gradient, for an optimizer: the model's, or in a view those of its adapters.</summary>
    public IEnumerable<Parameter> TrainableParameters() => _active is null ? Model.TrainableParameters() : Trained(allocates: true).Select(parameter => parameter.Value);

    private ExampleBatches BatchesOf(IEnumerable<Example> examples, BatchOptions options, long seed, CancellationToken cancellationToken)
    {
        if (Model.Config.Head.Kind != HeadKind.LanguageModel)
            throw new InvalidOperationException($"Examples are prompts and completions for a language model, and the model's head is {Model.Config.Head.Kind}: make batches with its labels, and train with {nameof(Loss)}.");
        StackConfig input = Model.Config.Encoder ?? Model.Config.Decoder!;
        bool both = Model.Config.Encoder is not null && Model.Config.Decoder is not null;
        ExampleEncoder encoder = new()
        {
            Tokenizer = Tokenizer,
            AnswerTokenizer = _files.AnswerTokenizer,
            EncoderDecoder = both,
            Render = HasChatTemplate ? (messages, open) => RenderChat(messages, open) : null,
            EosId = _files.Defaults.EosTokenIds is [int eos, ..] ? eos : Tokenizer.EosId,
            BosId = _files.Defaults.BosTokenId ?? Model.Config.BosTokenId,
            ContextLength = input.Positions.Limit,
            AnswerContextLength = both ? Model.Config.Decoder!.Positions.Limit : null,
            Options = options,
        };
        int pad = _files.Defaults.PadTokenId ?? Model.Config.PadTokenId ?? encoder.EosId ?? 0;
        int start = _files.Defaults.DecoderStartTokenId ?? Model.Config.DecoderStartTokenId ?? pad;
        return new ExampleBatches(examples, encoder, seed, pad, start, Model.Device, cancellationToken);
    }

    private Dictionary<string, double> LossOn(ExampleBatches batches, CancellationToken cancellationToken)
    {
        double sum = 0, weight = 0;
        while (batches.Read(cancellationToken) is { } batch)
        {
            using (batch)
            using (no_grad())
            {
                (Tensor part, double terms) = SupervisedLoss.Sum(Model, batch, _view);
                using (part)
                    sum += part.Number();
                weight += terms;
            }
        }

        return new Dictionary<string, double> { ["loss"] = sum / weight, ["perplexity"] = Math.Exp(sum / weight) };
    }
}
