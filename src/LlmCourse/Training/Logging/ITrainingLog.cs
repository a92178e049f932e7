namespace LlmCourse.Training.Logging;

/// <summary>Where the numbers of a training run go. Implement it for another place.</summary>
public interface ITrainingLog
{
    /// <summary>Takes the numbers of one step. They are safe, from the process if not from the machine, when this returns.</summary>
    /// <param name="step">The step they belong to.</param>
    /// <param name="values">Number by name; NaN and infinity are numbers too.</param>
    public void Write(long step, IReadOnlyDictionary<string, double> values);
}
