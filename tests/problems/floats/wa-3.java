import java.util.*;

public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        while (in.hasNext()) System.out.println(Double.toHexString(Math.sqrt(Double.parseDouble(in.next()))));
    }
}
