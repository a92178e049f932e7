using System.Diagnostics;
using LlmCourse.Checkpoints;
using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Training.Logging;
using LlmCourse.Training.Optimizers;
using LlmCourse.Transformers;
using Microsoft.Extensions.Logging.Abstractions;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Training;

/// <summary>One run of a <see cref="Trainer{TBatch}"/>, from its start or a checkpoint to its end.</summary>
internal sealed class TrainingRun<TBatch>(Trainer<TBatch> trainer, IObjective<TBatch> objective, IBatchSource<TBatch> source, TrainingOptions options, IOptimizer optimizer)
    where TBatch : class, IDisposable
{
    private const double Smoothing = 0.9;

    // Two batches of one step have dropout streams of their own.
    private const int StreamsPerStep = 1 << 20;

    private readonly TrainingEvents _events = new(options.Logger ?? NullLogger.Instance);
    private readonly CheckpointStore? _store = options.Checkpoints is null ? null : new CheckpointStore(options.Checkpoints);
    private readonly List<TrainingProgress> _history = [];
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private RunState _state = new() { Seed = options.Seed, Accumulation = options.Accumulation };
    private readonly Parameter[] _parameters = [.. objective.Parameters.Select(parameter => parameter.Value)];
    private RunState _start = new();
    private long? _total;

    public TrainingResult Go(IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        Begin();
        StopReason? reason = Reason();
        long written = _state.Step, measured = _state.Step;
        while (reason is null)
        {
            (TrainingProgress? done, bool epochEnds) = Step(cancellationToken);
            if (epochEnds)
                _state = _state with { Epoch = _state.Epoch + 1 };
            reason = Reason();
            if (done is null)
                continue;
            bool improved = false;
            if (_state.Step % options.Validation.Every == 0 || reason is not null)
            {
                (done, improved) = Validate(done, cancellationToken);
                measured = _state.Step;
                reason ??= Reason();
            }

            if (_store is not null && (improved || reason is not null || _state.Step % options.Checkpoints!.Every == 0))
            {
                Write();
                written = _state.Step;
            }

            Tell(done, progress);
        }

        // The last epoch may have ended just behind the last step.
        if (measured < _state.Step && _history.Count > 0)
        {
            (TrainingProgress last, bool improved) = Validate(_history[^1], cancellationToken);
            if (last.Validation is not null)
            {
                _history.RemoveAt(_history.Count - 1);
                Tell(last, progress);
                written = improved ? 0 : written;
            }
        }

        if (_store is not null && written < _state.Step)
            Write();
        _events.Ended(_state.Step, reason.Value);
        return new TrainingResult
        {
            History = _history,
            Steps = _state.Step,
            Tokens = _state.Tokens,
            Elapsed = TimeSpan.FromSeconds(Seconds),
            Reason = reason.Value,
            Best = _state.BestStep is { } step ? (step, _state.BestValue!.Value) : null,
        };
    }

    private double Seconds => _start.Seconds + _clock.Elapsed.TotalSeconds;

    private void Begin()
    {
        if (_store?.Last is { } last)
        {
            if (!options.Checkpoints!.Resume)
                throw new InvalidOperationException($"{options.Checkpoints.Folder} has checkpoints of an earlier run ({Path.GetFileName(last)}). Set Resume to go on from there, or choose another folder.");
            RunState state = CheckpointStore.ReadState(last);
            if (state.Seed != options.Seed || state.Accumulation != options.Accumulation)
                throw new InvalidOperationException($"{last} is of a run with Seed {state.Seed} and Accumulation {state.Accumulation}, not {options.Seed} and {options.Accumulation}: it cannot be gone on with.");
            CheckpointStore.Restore(last, trainer.Saved!, optimizer);
            source.Restore(state.Source);
            _state = _start = state;
            _events.Resumed(last, state.Step);
        }

        _total = TotalSteps();
        _events.Began(_state.Step, _total);
    }

    // An epoch ends with a step, so the last one may have fewer batches.
    private long? TotalSteps()
    {
        if (options.MaxSteps is { } most)
            return most;
        long steps = 0;
        for (int epoch = 0; epoch < options.Epochs; epoch++)
        {
            if (source.CountBatches(epoch) is not { } batches)
                return null;
            steps += (batches + options.Accumulation - 1) / options.Accumulation;
        }

        return steps;
    }

    private StopReason? Reason() =>
        options.MaxSteps is { } steps && _state.Step >= steps ? StopReason.Steps
        : options.MaxSteps is null && _state.Epoch >= options.Epochs ? StopReason.Epochs
        : options.MaxTokens is { } tokens && _state.Tokens >= tokens ? StopReason.Tokens
        : options.MaxTime is { } time && Seconds >= time.TotalSeconds ? StopReason.Time
        : options.Validation.Patience is { } patience && _state.Worse >= patience ? StopReason.NoImprovement
        : null;

    private (TrainingProgress? Done, bool EpochEnds) Step(CancellationToken cancellationToken)
    {
        long step = _state.Step + 1;
        double rate = options.LearningRate * options.Schedule.Factor(_state.Step, _total);
        double sum = 0, weight = 0, squares = 0;
        long tokens = 0;
        Dictionary<string, double> metrics = [];
        List<string> described = [];
        bool epochEnds = false;
        for (int micro = 0; micro < options.Accumulation; micro++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using TBatch? batch = source.Read(cancellationToken);
            if (batch is null)
            {
                epochEnds = true;
                break;
            }

            using var scope = NewDisposeScope();
            List<string> sources = [.. trainer.Describe?.Invoke(batch) ?? []];
            described.AddRange(sources);
            using DropoutMasks? dropout = options.Dropout ? new DropoutMasks(options.Seed, (step * StreamsPerStep) + micro, objective.Parameters[0].Value.device) : null;
            ObjectiveValue value = objective.Compute(batch, dropout);
            using GraphCuts? cuts = value.Cuts;
            double loss = value.Sum.Number();
            if (!double.IsFinite(loss) || !(value.Weight > 0) || !double.IsFinite(value.Weight))
                throw Failure(step, FormattableString.Invariant($"the loss is {loss} over {value.Weight} terms"), sources);
            value.Backward(options.StepInBackward ? part => squares += Math.Pow(Update(step, rate, value.Weight, part, sources), 2) : null);
            sum += loss;
            weight += value.Weight;
            tokens += value.Tokens;
            foreach ((string name, double figure) in value.Metrics)
                metrics[name] = metrics.GetValueOrDefault(name) + (figure * value.Weight);
        }

        if (weight == 0)
            return (null, epochEnds);
        double mean = sum / weight, terms = weight;
        weight = trainer.BeforeStep?.Invoke(objective.Parameters, weight) ?? weight;
        double norm = Math.Sqrt(squares + Math.Pow(Update(step, rate, weight, null, described), 2));
        _state = _state with
        {
            Step = step,
            Tokens = _state.Tokens + tokens,
            SmoothedLoss = step == 1 ? mean : (Smoothing * _state.SmoothedLoss) + ((1 - Smoothing) * mean),
            Seconds = Seconds,
        };
        return (Progress(mean, rate, norm, metrics.ToDictionary(entry => entry.Key, entry => entry.Value / terms)), epochEnds);
    }

    // Sums become a mean, and a long gradient a shorter one, by one factor. A part: the parameters whose gradients are complete; null for all.
    private double Update(long step, double rate, double weight, IReadOnlyList<Parameter>? part, List<string> sources)
    {
        IReadOnlyList<Parameter> parameters = part ?? _parameters;
        double norm = GradientNorm.Of(parameters) / weight;
        if (!double.IsFinite(norm))
        {
            string[] wrong = [.. objective.Parameters.Where(HasBadGradient).Select(parameter => parameter.Name)];
            throw Failure(step, $"the gradient of {string.Join(", ", wrong.Take(5))}{(wrong.Length > 5 ? $" and {wrong.Length - 5} more" : "")} is not finite", sources, options.StepInBackward);
        }

        double clip = options.MaxGradientNorm is { } most ? GradientNorm.ClipFactor(norm, most) : 1;
        if (part is null)
            optimizer.Step(rate, clip / weight);
        else
            optimizer.Step(rate, clip / weight, part);
        foreach (Parameter parameter in parameters)
            parameter.grad = null;
        return norm;
    }

    private static bool HasBadGradient(NamedParameter parameter)
    {
        using var scope = NewDisposeScope();
        return parameter.Value.grad is { } gradient && !gradient.isfinite().all().IsTrue();
    }

    private TrainingException Failure(long step, string problem, List<string> sources, bool begun = false) => new(
        step, $"{problem}; the weights are those of step {step - 1}{(begun ? ", but those of the blocks behind may have had this one" : "")}. The examples are {(sources.Count == 0 ? "not known" : string.Join(", ", sources))}. Look at them, or lower the learning rate.", _store?.Last);

    private (TrainingProgress Done, bool Improved) Validate(TrainingProgress done, CancellationToken cancellationToken)
    {
        if (trainer.Measure is null)
            return (done, false);
        IReadOnlyDictionary<string, double> figures = trainer.Measure(cancellationToken);
        if (!figures.TryGetValue(options.Validation.Metric, out double value))
            throw new InvalidOperationException($"Validation has no figure '{options.Validation.Metric}'; it has {string.Join(", ", figures.Keys)}.");
        bool improved = _state.BestValue is not { } best || (options.Validation.LargerIsBetter ? value > best : value < best);
        _state = improved
            ? _state with { BestStep = _state.Step, BestValue = value, Worse = 0 }
            : _state with { Worse = _state.Worse + 1 };
        _events.Validated(_state.Step, options.Validation.Metric, value, improved);
        return (done with { Validation = figures }, improved);
    }

    private void Write()
    {
        try
        {
            string path = _store!.Write(_state with { Seconds = Seconds, Source = source.Save() }, trainer.Saved!, optimizer);
            _events.Wrote(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CheckpointException)
        {
            throw new TrainingException(_state.Step, $"the checkpoint could not be written: {error.Message} Training stopped with this step's weights in memory.", _store!.Last, error);
        }
    }

    private TrainingProgress Progress(double loss, double rate, double norm, IReadOnlyDictionary<string, double> metrics)
    {
        long steps = _state.Step - _start.Step;
        double seconds = _clock.Elapsed.TotalSeconds;
        return new TrainingProgress
        {
            Step = _state.Step,
            TotalSteps = _total,
            Epoch = _state.Epoch,
            Loss = loss,
            SmoothedLoss = _state.SmoothedLoss,
            LearningRate = rate,
            GradientNorm = norm,
            Tokens = _state.Tokens,
            TokensPerSecond = (_state.Tokens - _start.Tokens) / seconds,
            ResidentBytes = Environment.WorkingSet,
            Elapsed = TimeSpan.FromSeconds(Seconds),
            Remaining = _total is { } total ? TimeSpan.FromSeconds(seconds / steps * Math.Max(0, total - _state.Step)) : null,
            Metrics = metrics,
        };
    }

    private void Tell(TrainingProgress done, IProgress<TrainingProgress>? progress)
    {
        _history.Add(done);
        Dictionary<string, double> figures = new()
        {
            ["loss"] = done.Loss,
            ["smoothed_loss"] = done.SmoothedLoss,
            ["learning_rate"] = done.LearningRate,
            ["gradient_norm"] = done.GradientNorm,
            ["epoch"] = done.Epoch,
            ["tokens"] = done.Tokens,
            ["tokens_per_second"] = done.TokensPerSecond,
            ["resident_bytes"] = done.ResidentBytes,
            ["seconds"] = done.Elapsed.TotalSeconds,
        };
        foreach ((string name, double value) in done.Metrics)
            figures[name] = value;
        foreach ((string name, double value) in done.Validation ?? new Dictionary<string, double>())
            figures["validation/" + name] = value;
        foreach (ITrainingLog log in options.Logs)
            log.Write(done.Step, figures);
        progress?.Report(done);
    }
}
