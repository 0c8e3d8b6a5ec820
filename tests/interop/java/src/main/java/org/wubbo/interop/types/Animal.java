package org.wubbo.interop.types;

import java.io.Serializable;

/** A parent whose fields are private to it. */
public class Animal implements Serializable {
    private static final long serialVersionUID = 1L;

    private String sound;
    private int legs;

    public Animal() {}

    public Animal(String sound, int legs) {
        this.sound = sound;
        this.legs = legs;
    }
}
