package org.wubbo.interop.types;

import java.io.Serializable;

/** An object that travels as something else. */
public class Replaced implements Serializable {
    private static final long serialVersionUID = 1L;

    private final transient Object instead;

    public Replaced(Object instead) {
        this.instead = instead;
    }

    public Object writeReplace() {
        return instead;
    }
}
