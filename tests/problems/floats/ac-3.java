import java.util.*;

public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in).useLocale(Locale.ROOT);
        StringBuilder out = new StringBuilder();
        while (in.hasNext()) out.append(Math.sqrt(Double.parseDouble(in.next()))).append('\n');
        System.out.print(out);
    }
}
