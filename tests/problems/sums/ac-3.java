import java.io.*;
import java.util.*;

public class Main {
    public static void main(String[] args) throws IOException {
        StreamTokenizer in = new StreamTokenizer(new BufferedReader(new InputStreamReader(System.in)));
        in.nextToken();
        long sum = 0;
        for (int n = (int) in.nval; n > 0; n--) {
            in.nextToken();
            sum += (long) in.nval;
        }
        System.out.println(sum);
    }
}
