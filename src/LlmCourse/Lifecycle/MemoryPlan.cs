using System.Globalization;
using System.Text;

namespace LlmCourse.Lifecycle;

/// <summary>How much memory something will take, from the model's configuration alone: what tensors hold, without the holes that an allocator leaves between them.</summary>
public sealed record MemoryPlan
{
    /// <summary>What was planned.</summary>
    public required MemoryPlanOptions Options { get; init; }

    /// <summary>The model's parameters, those of an adapter included.</summary>
    public required long Parameters { get; init; }

    /// <summary>Those that are trained.</summary>
    public required long TrainedParameters { get; init; }

    /// <summary>The bytes of the model's weights.</summary>
    public required long WeightBytes { get; init; }

    /// <summary>The phases of a step in their order, each at its fullest.</summary>
    public required IReadOnlyList<MemoryMoment> Moments { get; init; }

    /// <summary>The share of the parameters that is trained.</summary>
    public double TrainedShare => (double)TrainedParameters / Parameters;

    /// <summary>The fullest moment of all: what must fit.</summary>
    public MemoryMoment Peak => Moments.MaxBy(moment => moment.Parts.Total)!;

    /// <summary>How many times the weights the peak is.</summary>
    public double TimesTheWeights => (double)Peak.Parts.Total / WeightBytes;

    /// <summary>A table of the phases, in millions of bytes.</summary>
    public override string ToString()
    {
        (string Title, Func<MemoryParts, long> Bytes)[] rows =
        [
            ("weights", parts => parts.Weights), ("adapter", parts => parts.Adapter), ("gradients", parts => parts.Gradients),
            ("optimizer states", parts => parts.OptimizerStates), ("activations", parts => parts.Activations), ("cache", parts => parts.Cache),
            ("temporaries", parts => parts.Temporaries), ("total", parts => parts.Total),
        ];
        StringBuilder table = new();
        table.AppendLine(CultureInfo.InvariantCulture, $"{"MB",-18}{string.Concat(Moments.Select(moment => $"{moment.Phase,12}"))}");
        foreach ((string title, Func<MemoryParts, long> bytes) in rows.Where(row => Moments.Any(moment => row.Bytes(moment.Parts) > 0)))
            table.AppendLine(CultureInfo.InvariantCulture, $"{title,-18}{string.Concat(Moments.Select(moment => string.Create(CultureInfo.InvariantCulture, $"{bytes(moment.Parts) / 1e6,12:N1}")))}");
        table.Append(CultureInfo.InvariantCulture, $"peak: {Peak.Parts.Total / 1e6:N1} MB, {TimesTheWeights:0.0} times the weights");
        if (Options.Use != MemoryUse.Inference)
            table.Append(CultureInfo.InvariantCulture, $"; {TrainedParameters:N0} of {Parameters:N0} parameters are trained ({TrainedShare:0.00%})");
        return table.ToString();
    }
}
