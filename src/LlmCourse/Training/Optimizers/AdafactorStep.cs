namespace LlmCourse.Training.Optimizers;

/// <summary>What <see cref="AdafactorOptions"/> makes of the learning rate; t counts a parameter's steps from 1.</summary>
public enum AdafactorStep
{
    /// <summary>The learning rate as it is given.</summary>
    Given,

    /// <summary>min(10⁻², 1/√t), whatever the learning rate (the paper's; relative_step in transformers).</summary>
    Relative,

    /// <summary>min(10⁻⁶ · t, 1/√t), whatever the learning rate (warmup_init in transformers).</summary>
    RelativeWithWarmUp,

    /// <summary>min(learning rate, 1/√t); weight decay follows the learning rate alone (torch.optim.Adafactor).</summary>
    Capped,
}
