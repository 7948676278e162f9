package shapes;

import java.util.List;
import java.util.Locale;

public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        Scene scene = new Scene(List.of(
                new Shape.Circle(1.5), new Shape.Rectangle(4, 2.5), new Shape.Triangle(3, 4, 5), new Shape.Circle(0.5)));
        for (Shape shape : scene) {
            System.out.printf(Locale.ROOT, "%6.3f  %s%n", shape.area(), describe(shape));
        }
        scene.areaByKind().forEach((kind, area) -> System.out.printf(Locale.ROOT, "%s: %.3f%n", kind, area));
        try {
            new Shape.Circle(-1).area();
        } catch (IllegalArgumentException error) {
            System.out.println("refused: " + error.getMessage());
        }
    }

    private static String describe(Shape shape) {
        if (shape instanceof Shape.Circle circle) {
            return "circle of radius " + circle.radius();
        }
        if (shape instanceof Shape.Rectangle rectangle) {
            return rectangle.width() + " by " + rectangle.height();
        }
        return shape.toString();
    }
}
