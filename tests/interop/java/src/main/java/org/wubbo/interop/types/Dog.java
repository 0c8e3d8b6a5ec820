package org.wubbo.interop.types;

/** A child of {@link Animal} with private fields of its own. */
public class Dog extends Animal {
    private static final long serialVersionUID = 1L;

    private String name;
    private Animal friend;

    public Dog() {}

    public Dog(String name, int legs, Animal friend) {
        super("woof", legs);
        this.name = name;
        this.friend = friend;
    }
}
