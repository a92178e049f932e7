using System.Globalization;

namespace LlmCourse.Training.Schedules;

/// <summary>A part of a run: a number of steps, or a share of all. A whole number is one of steps.</summary>
public readonly record struct StepSpan
{
    private readonly long _steps;
    private readonly double? _share;

    private StepSpan(long steps, double? share) => (_steps, _share) = (steps, share);

    /// <summary>Whether the length depends on how many steps the run has.</summary>
    internal bool IsShare => _share is not null;

    /// <summary>A number of steps, 0 or more.</summary>
    /// <param name="steps">How many.</param>
    public static StepSpan Steps(long steps) =>
        steps >= 0 ? new(steps, null) : throw new ArgumentOutOfRangeException(nameof(steps), steps, "A span has 0 steps or more.");

    /// <summary>A share of all steps of the run, rounded up to a whole step.</summary>
    /// <param name="share">From 0 to 1.</param>
    public static StepSpan Share(double share) =>
        share is >= 0 and <= 1 ? new(0, share) : throw new ArgumentOutOfRangeException(nameof(share), share, "A share of the run is from 0 to 1.");

    /// <summary>A number of steps, 0 or more.</summary>
    /// <param name="steps">How many.</param>
    public static implicit operator StepSpan(int steps) => Steps(steps);

    /// <summary>As "10 steps" or "0.03 of all steps".</summary>
    public override string ToString() => _share is { } share
        ? string.Create(CultureInfo.InvariantCulture, $"{share} of all steps")
        : string.Create(CultureInfo.InvariantCulture, $"{_steps} steps");

    /// <summary>The number of steps in a run of so many.</summary>
    internal long In(long total) => _share is { } share ? (long)Math.Ceiling(share * total) : _steps;
}
