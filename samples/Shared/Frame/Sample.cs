using System.Globalization;
using System.Text;
using Spectre.Console;
using TorchSharp;

namespace Shared;

/// <summary>What every sample does around its work.</summary>
internal static class Sample
{
    /// <summary>Reads the command line, works, and says in a sentence what went wrong. Ctrl+C ends the work at its next step, pressed again at once.</summary>
    /// <param name="arguments">The command line. Every sample has --threads.</param>
    /// <param name="usage">What can stand in it.</param>
    /// <param name="read">Takes the settings from it.</param>
    /// <param name="work">The sample.</param>
    /// <param name="interrupt">Hears of Ctrl+C first: true where it has dealt with it.</param>
    /// <returns>The exit code.</returns>
    public static int Run<T>(string[] arguments, string usage, Func<Arguments, T> read, Action<T, CancellationToken> work, Func<bool>? interrupt = null)
    {
        Console.OutputEncoding = Encoding.UTF8;
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        if (arguments.Contains("--help"))
        {
            Console.WriteLine(usage);
            return 0;
        }

        using CancellationTokenSource stop = new();
        Console.CancelKeyPress += (_, key) =>
        {
            key.Cancel = interrupt?.Invoke() == true;
            if (key.Cancel)
                return;
            key.Cancel = !stop.IsCancellationRequested;
            stop.Cancel();
        };
        try
        {
            Arguments given = new(arguments);
            int? threads = given.Number("--threads");
            T settings = read(given);
            given.RequireNoMore();
            if (threads is { } count)
                torch.set_num_threads(count);
            work(settings, stop.Token);
            return 0;
        }
        catch (FormatException error)
        {
            Console.Error.WriteLine($"{error.Message}\n\n{usage}");
            return 2;
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("Stopped.");
            return 130;
        }
        catch (Exception error) when (error is LlmException or ArgumentException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine(error.Message);
            return 1;
        }
    }

    /// <summary>Begins a part of the output.</summary>
    public static void Heading(string text)
    {
        AnsiConsole.WriteLine();
        AnsiConsole.Write(new Rule(Markup.Escape(text)).LeftJustified());
    }
}
