// A real encoder–decoder that turns American words into sounds: it learns British and forgets American, or does not if some
// American is replayed; it learns British in an adapter beside its weights, and then speaks both; and the same network is
// trained from nothing.
using Pronunciation;
using Spectre.Console;

return Sample.Run(args, Settings.Usage, given => new Settings(given), Run);

static void Run(Settings settings, CancellationToken stop)
{
    Directory.CreateDirectory(settings.Output);
    Lexicons words = Lexicons.Read(Speller.Open(settings.Model), settings.Data, settings.HeldOut, settings.Seed);
    AnsiConsole.WriteLine($"{words.American.HeldOut.Count:N0} words are held out of both accents, {words.Differing().Count:N0} of which the British say differently.");
    if (settings.Command is "tune" or "all")
        Tuning.Run(settings, words, Begun("Learning British"), stop);
    if (settings.Command is "adapter" or "all")
        Adapting.Run(settings, words, Begun("British in an adapter"), stop);
    if (settings.Command is "scratch" or "all")
        FromNothing.Run(settings, words, Begun("The same network from nothing"), stop);

    Findings Begun(string title)
    {
        Findings findings = new(title);
        foreach (string note in words.Notes)
            findings.Note(note);
        findings.Note("The published model may have been trained on any of these words: what it gets right of American is memory as well as skill. Of British it has seen nothing.");
        return findings;
    }
}
