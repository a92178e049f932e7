namespace LlmCourse.Transformers;

/// <summary>PE(p, 2i) = sin(p / 10000^(2i/D)), PE(p, 2i+1) = cos(p / 10000^(2i/D)) (Vaswani et al. 2017, section 3.5).</summary>
internal static class Sinusoidal
{
    public static PositionTable Table(int width) => new(width, (position, row) =>
    {
        for (int i = 0; i < row.Length; i++)
        {
            double angle = position / Math.Pow(10_000, (i - (i % 2)) / (double)row.Length);
            row[i] = (float)(i % 2 == 0 ? Math.Sin(angle) : Math.Cos(angle));
        }
    });
}
