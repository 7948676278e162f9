public class Main {
    public static void main(String[] args) {
        byte[] block = new byte[1 << 20];
        while (true) System.out.write(block, 0, block.length);
    }
}
