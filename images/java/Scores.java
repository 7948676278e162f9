import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Reads "student;subject;points" from standard input and reports on both. */
public class Scores {
    private static final Pattern LINE = Pattern.compile("(?<student>\\p{L}+);(?<subject>\\p{L}+);(?<points>\\d{1,3})");

    private record Score(String student, String subject, int points) {
        static Optional<Score> parse(String line) {
            Matcher matcher = LINE.matcher(line);
            if (!matcher.matches()) {
                return Optional.empty();
            }
            int points = Integer.parseInt(matcher.group("points"));
            return Optional.of(new Score(matcher.group("student"), matcher.group("subject"), points));
        }
    }

    public static void main(String[] arguments) throws IOException {
        List<Score> scores = new ArrayList<>();
        int rejected = 0;
        try (var input = new BufferedReader(new InputStreamReader(System.in))) {
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                Optional<Score> score = Score.parse(line);
                score.ifPresent(scores::add);
                rejected += score.isEmpty() ? 1 : 0;
            }
        }

        Map<String, IntSummaryStatistics> subjects = scores.stream()
                .collect(Collectors.groupingBy(Score::subject, TreeMap::new, Collectors.summarizingInt(Score::points)));
        subjects.forEach((subject, points) -> System.out.printf(
                "%-10s scores: %d, from %d to %d, mean %.1f%n",
                subject, points.getCount(), points.getMin(), points.getMax(), points.getAverage()));

        String best = scores.stream()
                .sorted(Comparator.comparingInt(Score::points).reversed().thenComparing(Score::student))
                .limit(3)
                .map(score -> score.student() + " " + score.points())
                .collect(Collectors.joining(", "));
        System.out.println("best: " + best);
        System.out.println("rejected lines: " + rejected);
    }
}
