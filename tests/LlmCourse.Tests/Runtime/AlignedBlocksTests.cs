using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Runtime;

[Collection(ProcessWide.Name)]
public sealed class AlignedBlocksTests
{
    private const int Pairs = 64;
    private const long Elements = 50_000; // 200,000 bytes: below what glibc maps by itself

    [SkippableFact]
    public void Freed_tensors_make_room_for_others_of_their_size()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "the C library of Linux");
        using Tensor first = zeros(1, device: CPU); // libtorch is there
        Skip.IfNot(AlignedBlocks.Reuse(), "this libtorch or C library offers no way");

        // Each tensor has neighbours that stay, so that no two holes can be joined.
        List<Tensor> kept = [], freed = [];
        for (int i = 0; i < Pairs; i++)
        {
            freed.Add(Block());
            kept.Add(Block());
        }

        HashSet<nint> holes = [.. freed.Select(Address)];
        freed.ForEach(tensor => tensor.Dispose());
        List<Tensor> again = [.. Enumerable.Range(0, Pairs).Select(_ => Block())];
        int reused = again.Count(tensor => holes.Contains(Address(tensor)));
        kept.ForEach(tensor => tensor.Dispose());
        again.ForEach(tensor => tensor.Dispose());

        // Another thread may have taken some of the holes.
        Assert.InRange(reused, Pairs / 2, Pairs);
    }

    [Fact]
    public void Blocks_of_every_size_are_aligned_and_hold_what_was_written()
    {
        AlignedBlocks.Reuse();
        Random random = new(1);
        List<(Tensor Tensor, int Value)> live = [];
        for (int i = 0; i < 2000; i++)
        {
            int at = random.Next(40);
            if (at < live.Count)
            {
                Assert.Equal(live[at].Value, live[at].Tensor.min().ToInt32());
                Assert.Equal(live[at].Value, live[at].Tensor.max().ToInt32());
                live[at].Tensor.Dispose();
                live.RemoveAt(at);
            }

            Tensor tensor = full([random.Next(1, 1 << random.Next(1, 18))], i, ScalarType.Int32, CPU);
            Assert.Equal(0, Address(tensor) % 64);
            live.Add((tensor, i));
        }

        live.ForEach(entry => entry.Tensor.Dispose());
    }

    private static Tensor Block() => zeros(Elements, ScalarType.Float32, CPU);

    private static unsafe nint Address(Tensor tensor) => (nint)CpuKernels.Data(tensor);
}
