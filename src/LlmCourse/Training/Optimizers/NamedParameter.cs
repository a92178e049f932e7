using TorchSharp.Modules;

namespace LlmCourse.Training.Optimizers;

/// <summary>A parameter as an optimizer knows it.</summary>
/// <param name="Name">Its name, the key of its state in a checkpoint.</param>
/// <param name="Value">The parameter itself; its owner stays its owner. It may be a view of a storage that others share.</param>
/// <param name="Decays">Whether weight decay applies to it. By custom it does not to biases and to the weights of norms.</param>
public readonly record struct NamedParameter(string Name, Parameter Value, bool Decays);
