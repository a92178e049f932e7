namespace LlmCourse.Training;

/// <summary>What is trained, as files: a model, or an adapter.</summary>
public interface ISaved
{
    /// <summary>Writes everything that training changes into an existing, empty folder, bit for bit.</summary>
    public void Write(string folder);

    /// <summary>Puts back what <see cref="Write"/> wrote.</summary>
    public void Read(string folder);
}
