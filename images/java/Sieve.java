import java.math.BigInteger;
import java.util.BitSet;

/** Primes below five million; the product of some of them as a big integer; recursion that goes deep. */
public class Sieve {
    private static final int LIMIT = 5_000_000;

    private static BitSet primesBelow(int limit) {
        BitSet primes = new BitSet(limit);
        primes.set(2, limit);
        for (int n = 2; (long) n * n < limit; n = primes.nextSetBit(n + 1)) {
            for (int multiple = n * n; multiple < limit; multiple += n) {
                primes.clear(multiple);
            }
        }
        return primes;
    }

    private static int ackermann(int m, int n) {
        if (m == 0) {
            return n + 1;
        }
        return ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1));
    }

    private static int endless(int depth) {
        return endless(depth + 1) + 1;
    }

    public static void main(String[] arguments) {
        BitSet primes = primesBelow(LIMIT);
        System.out.printf("primes below %,d: %,d%n", LIMIT, primes.cardinality());
        System.out.printf("largest: %,d%n", primes.previousSetBit(LIMIT));
        System.out.printf("sum: %,d%n", primes.stream().asLongStream().sum());

        BigInteger primorial =
                primes.stream().limit(200).mapToObj(BigInteger::valueOf).reduce(BigInteger.ONE, BigInteger::multiply);
        String digits = primorial.toString();
        System.out.printf("product of the first 200: %s... (%d digits)%n", digits.substring(0, 15), digits.length());
        boolean nextIsPrime = primorial.add(BigInteger.ONE).isProbablePrime(40);
        System.out.println("the number after it is " + (nextIsPrime ? "prime" : "composite"));

        System.out.println("ackermann(2, 5000) = " + ackermann(2, 5000));
        try {
            endless(0);
        } catch (StackOverflowError error) {
            System.out.println("without an end: " + error.getClass().getSimpleName());
        }
    }
}
