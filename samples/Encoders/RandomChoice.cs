namespace Encoders;

internal static class RandomChoice
{
    /// <summary>One of several, each as likely as the others.</summary>
    public static T Of<T>(this Random random, T[] choices) => choices[random.Next(choices.Length)];
}
