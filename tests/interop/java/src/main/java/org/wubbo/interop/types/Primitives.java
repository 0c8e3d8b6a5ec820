package org.wubbo.interop.types;

import java.io.Serializable;

/**
 * Every primitive as a field, except {@code float}: hessian-lite 4.0.4 writes eight bytes into such a field and so
 * overwrites its neighbour.
 */
public class Primitives implements Serializable {
    private static final long serialVersionUID = 1L;

    boolean flag = true;
    byte tiny = Byte.MIN_VALUE;
    short small = Short.MAX_VALUE;
    char letter = 'Z';
    int count = 262_144;
    long big = 1L << 40;
    double ratio = 12.25;
}
