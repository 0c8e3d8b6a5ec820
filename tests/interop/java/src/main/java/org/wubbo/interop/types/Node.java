package org.wubbo.interop.types;

import java.io.Serializable;

/** A linked object for cycles and deep nesting. */
public class Node implements Serializable {
    private static final long serialVersionUID = 1L;

    public String label;
    public Node next;
    public Object peer;

    public Node() {}

    public Node(String label, Node next) {
        this.label = label;
        this.next = next;
    }
}
