namespace LlmCourse.Adapters;

/// <summary>Where the factors A and B of a LoRA adapter start. The model's outputs do not change at the start in any of them.</summary>
public enum LoraInitialization
{
    /// <summary>A uniform in ±1/√input, B zero: peft's default.</summary>
    Uniform,

    /// <summary>A normal with deviation 1/r, B zero.</summary>
    Gaussian,

    /// <summary>The r largest singular directions of the weight (Meng et al. 2024, "PiSSA"); the change is counted from there.</summary>
    Pissa,

    /// <summary>The first r columns and rows of the weight's QR factors (Büyükakyüz 2024, "OLoRA"); the change is counted from there.</summary>
    Olora,
}
