package org.wubbo.interop.types;

/** A child with fields of its own, see {@link Base}. */
public class Derived extends Base {
    private static final long serialVersionUID = 1L;

    String child = "derived";
    Base inner = new Base();
}
