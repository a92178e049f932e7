using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Adapters;

/// <summary>A parameter of a change.</summary>
/// <param name="Suffix">What stands behind the module's name, as in peft's files: <c>lora_A.weight</c>.</param>
/// <param name="Value">The parameter.</param>
/// <param name="Decays">Whether weight decay is meant for it.</param>
internal readonly record struct ChangeParameter(string Suffix, Parameter Value, bool Decays = true);
