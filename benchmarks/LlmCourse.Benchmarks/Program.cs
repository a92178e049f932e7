using System.Diagnostics;
using LlmCourse.Checkpoints;
using LlmCourse.Data;
using LlmCourse.Generation;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

torch.set_num_threads(2);
var sw = Stopwatch.StartNew();
using LlamaGguf gguf = LlamaGguf.Open(args[0]);
using Pretrained p = Pretrained.From(gguf.Config, gguf, args[0], ScalarType.Float32, CPU);
Console.WriteLine($"load {sw.Elapsed.TotalSeconds:f2} s");
int[] prompt = [.. Enumerable.Range(0, 512).Select(i => (i * 37) % 40000 + 100)];
for (int round = 0; round < 3; round++)
{
    foreach (int b in new[] { 1, 8 })
    {
        using var scope = NewDisposeScope();
        using DecodingSession s = DecodingSession.Open(p.Model, ForwardContext.Evaluation, b, 700);
        using Sequences pre = Sequences.FromRows([.. Enumerable.Range(0, b).Select(_ => (IReadOnlyList<int>)prompt[..(b == 1 ? 512 : 64)])]);
        sw.Restart();
        s.AppendForLogits(pre).Dispose();
        double tp = sw.Elapsed.TotalSeconds;
        List<double> ts = [];
        for (int i = 0; i < 32; i++)
        {
            using var inner = NewDisposeScope();
            sw.Restart();
            using Sequences one = Sequences.FromRows([.. Enumerable.Range(0, b).Select(r => (IReadOnlyList<int>)[(i + r) * 7])]);
            using Tensor l = s.AppendForLogits(one);
            using Tensor a = l.argmax(1).cpu();
            ts.Add(sw.Elapsed.TotalSeconds);
        }

        ts.Sort();
        Console.WriteLine($"B={b} prefill {tp * 1000:f0} ms ({pre.Width * b / tp:f0} tok/s), decode median {ts[16] * 1000:f1} ms, best {ts[0] * 1000:f1} ms -> {b / ts[16]:f1} tok/s (best {b / ts[0]:f1})");
    }
}
