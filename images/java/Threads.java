import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Threads: a pool with futures, producers and a consumer, completable futures, a parallel stream. */
public class Threads {
    private static int collatzSteps(long n) {
        int steps = 0;
        for (; n != 1; steps++) {
            n = n % 2 == 0 ? n / 2 : 3 * n + 1;
        }
        return steps;
    }

    private static void pool() throws InterruptedException, ExecutionException {
        ExecutorService pool = Executors.newFixedThreadPool(8);
        List<Future<Integer>> parts = new ArrayList<>();
        for (int part = 0; part < 8; part++) {
            int first = part * 10_000 + 1;
            IntStream starts = IntStream.range(first, first + 10_000);
            parts.add(pool.submit(() -> starts.map(Threads::collatzSteps).max().orElseThrow()));
        }
        List<Integer> longest = new ArrayList<>();
        for (Future<Integer> part : parts) {
            longest.add(part.get());
        }
        System.out.println("longest walks: " + longest);
        Future<Integer> failing = pool.submit(() -> Integer.parseInt("seven"));
        try {
            failing.get();
        } catch (ExecutionException error) {
            System.out.println("carried over: " + error.getCause().getMessage());
        }
        pool.shutdown();
    }

    private static void queue() throws InterruptedException {
        BlockingQueue<Integer> queue = new LinkedBlockingQueue<>(10);
        LongAdder sum = new LongAdder();
        Thread consumer = new Thread(() -> {
            try {
                for (int item = queue.take(); item >= 0; item = queue.take()) {
                    sum.add(item);
                }
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        });
        consumer.start();
        for (int item = 1; item <= 5_000; item++) {
            queue.put(item);
        }
        queue.put(-1);
        consumer.join();
        System.out.println("consumed: " + sum.sum());
    }

    public static void main(String[] arguments) throws InterruptedException, ExecutionException {
        pool();
        queue();
        String text = CompletableFuture.supplyAsync(() -> "later")
                .thenCombine(CompletableFuture.supplyAsync(() -> "than now"), (a, b) -> a + " " + b)
                .thenApply(String::toUpperCase)
                .join();
        System.out.println(text);
        System.out.println("parallel: " + LongStream.rangeClosed(1, 100_000).parallel().map(n -> n * n % 1009).sum());
    }
}
