package org.wubbo.demo;

import java.io.Serializable;
import java.util.Date;
import java.util.List;
import java.util.Map;

/** The demo's object. The order of the fields is part of the contract. */
public class User implements Serializable {
    private static final long serialVersionUID = 1L;

    private String id;
    private String name;
    private int age;
    private Date time;
    private Sex sex;
    private List<String> tags;
    private Map<String, Double> scores;

    public User() {}

    public User(String id, String name, int age, Date time, Sex sex, List<String> tags, Map<String, Double> scores) {
        this.id = id;
        this.name = name;
        this.age = age;
        this.time = time;
        this.sex = sex;
        this.tags = tags;
        this.scores = scores;
    }

    public String getId() {
        return id;
    }

    public void setId(String id) {
        this.id = id;
    }

    public String getName() {
        return name;
    }

    public void setName(String name) {
        this.name = name;
    }

    public int getAge() {
        return age;
    }

    public void setAge(int age) {
        this.age = age;
    }

    public Date getTime() {
        return time;
    }

    public void setTime(Date time) {
        this.time = time;
    }

    public Sex getSex() {
        return sex;
    }

    public void setSex(Sex sex) {
        this.sex = sex;
    }

    public List<String> getTags() {
        return tags;
    }

    public void setTags(List<String> tags) {
        this.tags = tags;
    }

    public Map<String, Double> getScores() {
        return scores;
    }

    public void setScores(Map<String, Double> scores) {
        this.scores = scores;
    }
}
