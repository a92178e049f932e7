namespace LlmCourse.Training.Schedules;

/// <summary>How a rate goes from one value to another; x is the way gone, from 0 to 1.</summary>
public enum Ramp
{
    /// <summary>Evenly.</summary>
    Linear,

    /// <summary>Half a wave: slow at both ends.</summary>
    Cosine,

    /// <summary>Down: 1 − √x, quick at first. Up: 1 − √(1 − x), quick at the end.</summary>
    OneMinusSquareRoot,
}
