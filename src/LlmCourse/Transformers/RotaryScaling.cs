namespace LlmCourse.Transformers;

/// <summary>
/// How rotary frequencies are stretched so that a model reads longer texts than it was first trained on: <see cref="LinearScaling"/>,
/// <see cref="DynamicScaling"/>, <see cref="Llama3Scaling"/>, <see cref="YarnScaling"/> or <see cref="LongScaling"/>.
/// </summary>
public abstract record RotaryScaling
{
    private protected RotaryScaling()
    {
    }

    /// <summary>What cosines and sines are multiplied by: scores get its square.</summary>
    internal virtual double Amplitude => 1;

    /// <summary>Whether frequencies depend on how long a sequence is.</summary>
    internal virtual bool Varies => false;

    /// <summary>Which frequencies a sequence of this many tokens has: equal numbers mean equal ones, and 0 those of short sequences.</summary>
    internal virtual int Variant(int length) => 0;

    /// <summary>
    /// The inverse wavelengths, one for each pair, of a sequence of <paramref name="length"/> tokens; they are made in fp32 as the
    /// checkpoints were trained.
    /// </summary>
    internal abstract float[] Frequencies(double theta, int size, int length);

    /// <summary>How many positions a model with a table of <paramref name="count"/> reads with it.</summary>
    internal virtual int Reach(int count) => count;

    /// <exception cref="ArgumentException">A value is out of range; the message names the property.</exception>
    internal abstract void Validate(string name, double theta, int size);

    private protected static void PositiveNumber(double value, string name)
    {
        if (!(value > 0 && double.IsFinite(value)))
            throw new ArgumentException($"{name} must be positive, found {value}.");
    }

    private protected static int Times(int count, double factor) => (int)Math.Min(Math.Max(count, count * factor), int.MaxValue);
}
