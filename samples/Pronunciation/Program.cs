// A real encoder–decoder that turns American words into sounds: it learns British and forgets American, or does not if some
// American is replayed; and the same network is trained from nothing.
using System.Globalization;
using System.Text;
using Pronunciation;
using Spectre.Console;
using TorchSharp;

Console.OutputEncoding = Encoding.UTF8;
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
try
{
    Run(Settings.Parse(args));
    return 0;
}
catch (FormatException error)
{
    Console.Error.WriteLine($"{error.Message}\n\n{Settings.Usage}");
    return 2;
}
catch (Exception error) when (error is LlmException or ArgumentException or IOException)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}

static void Run(Settings settings)
{
    if (settings.Threads is { } threads)
        torch.set_num_threads(threads);
    Directory.CreateDirectory(settings.Output);
    Lexicons words = Lexicons.Read(Speller.Open(settings.Model), settings.Data, settings.HeldOut, settings.Seed);
    AnsiConsole.WriteLine($"{words.American.HeldOut.Count:N0} words are held out of both accents, {words.Differing().Count:N0} of which the British say differently.");
    if (settings.Command is "tune" or "all")
        Tuning.Run(settings, words, Begun("Learning British"));
    if (settings.Command is "scratch" or "all")
        FromNothing.Run(settings, words, Begun("The same network from nothing"));

    Findings Begun(string title)
    {
        Findings findings = new(title);
        foreach (string note in words.Notes)
            findings.Note(note);
        findings.Note("The published model may have been trained on any of these words: what it gets right of American is memory as well as skill. Of British it has seen nothing.");
        return findings;
    }
}
