namespace LlmCourse.Generation;

/// <summary>Where a default of the checkpoint means something.</summary>
internal enum DefaultScope
{
    /// <summary>Always.</summary>
    Everywhere,

    /// <summary>Only where tokens are drawn.</summary>
    Sampling,

    /// <summary>Only with more than one beam.</summary>
    Beams,
}
