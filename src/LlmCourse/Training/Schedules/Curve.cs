namespace LlmCourse.Training.Schedules;

/// <summary>
/// What a schedule does after its warm-up, as transformers' get_scheduler has it. Steps count from 0; the warm-up has
/// <c>from</c> of the <c>total</c>.
/// </summary>
internal static class Curve
{
    public static double WarmUp(long step, long length) => (double)step / Math.Max(1, length);

    public static double Linear(long step, long from, long total) => Math.Max(0, 1 - Progress(step, from, total));

    public static double Cosine(long step, long from, long total, double cycles, double minimum) =>
        Above(minimum, Wave(2 * cycles * Progress(step, from, total)));

    public static double CosineWithRestarts(long step, long from, long total, double cycles)
    {
        double progress = Progress(step, from, total);
        return progress >= 1 ? 0 : Wave(cycles * progress % 1);
    }

    public static double Polynomial(long step, long from, long total, double power, double end) =>
        Above(end, Math.Pow(Linear(step, from, total), power));

    public static double InverseSquareRoot(long step, long from, long timescale) => 1 / Math.Sqrt((double)(step - from + timescale) / timescale);

    /// <summary>A way up from the minimum, 1 for a while, and a way down to the minimum (Hu et al. 2024, section 4).</summary>
    public static double WarmupStableDecay(long step, long from, long stable, long decay, double minimum, Ramp up, Ramp down)
    {
        if (step < from)
            return Above(minimum, Down(up, 1 - WarmUp(step, from)));
        if (step < from + stable)
            return 1;
        return step < from + stable + decay ? Above(minimum, Down(down, WarmUp(step - from - stable, decay))) : minimum;
    }

    // From 1 at x = 0 to 0 at x = 1; a way up is the same walked backwards.
    private static double Down(Ramp ramp, double x) => ramp switch
    {
        Ramp.Linear => 1 - x,
        Ramp.Cosine => Wave(x),
        _ => 1 - Math.Sqrt(x),
    };

    private static double Wave(double halves) => 0.5 * (1 + Math.Cos(Math.PI * halves));

    private static double Above(double minimum, double share) => Math.Max(0, (share * (1 - minimum)) + minimum);

    private static double Progress(long step, long from, long total) => (double)(step - from) / Math.Max(1, total - from);
}
