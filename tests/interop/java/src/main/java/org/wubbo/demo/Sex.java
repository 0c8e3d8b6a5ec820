package org.wubbo.demo;

public enum Sex {
    MAN,
    WOMAN
}
