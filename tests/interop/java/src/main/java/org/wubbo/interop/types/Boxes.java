package org.wubbo.interop.types;

import java.io.Serializable;
import java.math.BigDecimal;
import java.util.Date;

/** Fields whose declared type gives back what the wire dropped: a {@code Short} travels as an int. */
public class Boxes implements Serializable {
    private static final long serialVersionUID = 1L;

    Boolean flag = Boolean.FALSE;
    Byte tiny = 7;
    Short small = -300;
    Character letter = '\u4e2d';
    Integer count = -17;
    Long big = 2048L;
    Float half = 0.5f;
    Double ratio = -0.0;
    Integer nothing = null;
    Date when = new Date(1_590_926_400_123L);
    BigDecimal price = new BigDecimal("1.50");
    byte[] raw = {0, 1, -1};
    int[] codes = {1, 2, 3};
    String[] names = {"a", null};
    Object any = "any";
}
