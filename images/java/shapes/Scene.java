package shapes;

import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Some shapes, the largest first. */
public final class Scene implements Iterable<Shape> {
    private final List<Shape> shapes;

    public Scene(List<Shape> shapes) {
        this.shapes = shapes.stream().sorted(Comparator.comparingDouble(Shape::area).reversed()).toList();
    }

    public Map<String, Double> areaByKind() {
        return shapes.stream()
                .collect(Collectors.groupingBy(
                        shape -> shape.getClass().getSimpleName(), TreeMap::new, Collectors.summingDouble(Shape::area)));
    }

    @Override
    public Iterator<Shape> iterator() {
        return shapes.iterator();
    }
}
