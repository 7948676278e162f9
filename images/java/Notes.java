import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Files in /work and child processes. */
public class Notes {
    private static void files() throws IOException, NoSuchAlgorithmException {
        Path folder = Files.createDirectories(Path.of("notes", "2024"));
        for (int month = 1; month <= 12; month++) {
            Files.writeString(folder.resolve("%02d.txt".formatted(month)), "month %d\n".formatted(month).repeat(month));
        }
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        try (Stream<Path> tree = Files.walk(Path.of("notes"))) {
            List<Path> notes = tree.filter(Files::isRegularFile).sorted().toList();
            for (Path note : notes) {
                digest.update(Files.readAllBytes(note));
            }
            System.out.println(notes.size() + " notes, sha256 " + HexFormat.of().formatHex(digest.digest(), 0, 12));
        }

        Path squares = Path.of("squares.bin");
        try (FileChannel channel = FileChannel.open(
                squares, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer buffer = channel.map(FileChannel.MapMode.READ_WRITE, 0, 1000 * Long.BYTES);
            for (long n = 0; n < 1000; n++) {
                buffer.putLong(n * n);
            }
            long entry = buffer.getLong(321 * Long.BYTES);
            System.out.println("squares.bin: " + channel.size() + " bytes, entry 321 is " + entry);
        }

        try (Stream<Path> tree = Files.walk(Path.of("notes"))) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
        System.out.println("notes are left: " + Files.exists(Path.of("notes")));
    }

    private static void processes() throws IOException, InterruptedException {
        Process sort = new ProcessBuilder("sort", "-u").redirectErrorStream(true).start();
        try (var input = sort.outputWriter()) {
            input.write("walnut\nhazelnut\nalmond\nwalnut\n");
        }
        System.out.println("sort: " + sort.inputReader().lines().toList() + ", exit code " + sort.waitFor());

        Process failing = new ProcessBuilder("sh", "-c", "exit 9").start();
        System.out.println("exit code " + failing.waitFor());

        Process sleeper = new ProcessBuilder("sleep", "60").start();
        System.out.println("ended in time: " + sleeper.waitFor(50, TimeUnit.MILLISECONDS));
        sleeper.destroy();
        System.out.println("after destroy: " + sleeper.waitFor());
    }

    public static void main(String[] arguments) throws Exception {
        files();
        processes();
    }
}
