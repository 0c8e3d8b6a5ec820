package org.wubbo.interop.types;

import java.io.Serializable;

/** The parent of {@link Derived}: its fields travel flattened beside the child's. */
public class Base implements Serializable {
    private static final long serialVersionUID = 1L;

    String parent = "base";
    int level = 1;
    transient String dropped = "never on the wire";
}
